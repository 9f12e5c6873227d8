#pragma once

#include "sonm/engine/docker_json.hpp"
#include "sonm/engine/engine.hpp"
#include "sonm/http/client.hpp"

#include <deque>

/// What the engine sends in a long answer: multiplexed output, lines of JSON, archives. Frames and HTTP
/// chunks do not align.
namespace sonm::engine::docker {

/// Takes multiplexed output apart: 1 byte channel, 3 zero, u32 big-endian length, payload. Holds at most one
/// piece (64 KiB) of a frame besides the bytes of one `feed`. No I/O.
class LogDemux {
public:
    /// `timed`: each frame begins with its time and a blank.
    explicit LogDemux(bool timed) : timed_(timed) {}
    /// Errors: bad_answer.
    Result<void> feed(BytesView bytes);
    std::optional<LogRecord> take();
    /// Errors: engine_down, if a frame is incomplete.
    Result<void> finish() const;

private:
    void emit();

    bool timed_;
    FixedBytes<8> header_{};
    std::size_t header_have_ = 0;
    std::uint32_t payload_left_ = 0;
    bool first_piece_ = true;
    Bytes piece_;
    std::deque<LogRecord> ready_;
};

/// Splits a stream into JSON documents, one a line of at most 1 MiB. No I/O.
class JsonLines {
public:
    /// Errors: bad_answer (no JSON, line too long).
    Result<void> feed(BytesView bytes);
    /// The stream is over: what is left is a last line. Errors: bad_answer.
    Result<void> finish();
    std::optional<Json> take();

private:
    Result<void> add(std::string_view line);

    std::string partial_;
    std::deque<Json> ready_;
};

class DockerLogs final : public LogStream {
public:
    DockerLogs(std::unique_ptr<http::BodyStream> body, bool timed) : body_(std::move(body)), demux_(timed) {}
    Async<std::optional<LogRecord>> next() override;

private:
    std::unique_ptr<http::BodyStream> body_;
    LogDemux demux_;
};

class DockerEvents final : public EventStream {
public:
    explicit DockerEvents(std::unique_ptr<http::BodyStream> body) : body_(std::move(body)) {}
    Async<Event> next() override;

private:
    std::unique_ptr<http::BodyStream> body_;
    JsonLines lines_;
};

class DockerBytes final : public ByteReader {
public:
    DockerBytes(std::unique_ptr<http::BodyStream> body, std::uint64_t bytes_max)
        : body_(std::move(body)), left_(bytes_max) {}
    Async<Bytes> read() override;

private:
    std::unique_ptr<http::BodyStream> body_;
    std::uint64_t left_;
};

/// A failed exchange in words of the port: the engine is down, unless the answer itself was wrong.
Error engine_error(Error error);

}  // namespace sonm::engine::docker

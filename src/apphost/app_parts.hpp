#pragma once

#include "sonm/apphost/app.hpp"

/// What the parts of App share; nobody else includes this.
namespace sonm::apphost {

/// One worker, from its start until its process is gone.
struct App::Worker {
    Worker(WorkerNumber n, std::uint64_t v, std::string id, std::size_t lines_max)
        : number(n), version(v), uuid(std::move(id)), output(lines_max) {}
    WorkerNumber number;
    std::uint64_t version;
    std::string uuid;
    OutputTail output;
    Time born;
    std::uint64_t accepted = 0;
    std::shared_ptr<const void> folder;  ///< Version::kept
    std::unique_ptr<Spawned> process;
    rpc::Connection link;                        ///< once it has introduced itself
    App::Control* control = nullptr;             ///< while its channel 1 is served
    std::optional<services::AppWorkerErrc> why;  ///< it is to end
    bool failed = false;                         ///< it ends otherwise than it should
};

/// One call, on the frame of its handler.
struct App::Call {
    explicit Call(const Executor& executor) : changed(executor, asio::steady_timer::time_point::max()) {}
    CallNumber number = 0;
    Time began, deadline;
    std::optional<WorkerNumber> worker;
    std::optional<Error> failure;  ///< set: the call is over
    bool done = false;             ///< the worker has said its last
    Result<void> answer;
    asio::steady_timer changed;

    void wake() { changed.cancel(); }
    Task<void> change();
};

}  // namespace sonm::apphost

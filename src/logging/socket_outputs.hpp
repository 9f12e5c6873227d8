#pragma once

#include "sonm/logging/output.hpp"

namespace sonm::logging {

/// Passes entries on to a log daemon of this machine by datagrams. One that is behind is waited for, for a
/// moment; what it does not take then, or while it is away, is lost to it.
class SocketOutput : public Output {
public:
    SocketOutput(std::string path, Millis patience) : path_(std::move(path)), patience_(patience) {}
    SocketOutput(const SocketOutput&) = delete;
    ~SocketOutput() override;
    Result<void> write(const std::vector<EntryPtr>& entries) override;
    /// Entries that the daemon did not take; from any thread.
    std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

protected:
    virtual std::string datagram(const LogEntry& entry) const = 0;
    /// Another way for what the socket finds too large. False: it does not go.
    virtual bool send_large(const std::string& datagram) = 0;
    /// With an open file for the daemon, unless that is -1.
    bool send(std::string_view datagram, int file = -1);

private:
    bool try_send(std::string_view datagram, int file) const;
    bool wait_until_writable();
    std::string path_;
    Millis patience_;
    bool in_vain_ = false;  ///< the last wait was: no other until the daemon has taken something
    int socket_ = -1;
    std::atomic<std::uint64_t> refused_{0};
};

/// systemd's journal in its own form, so that attributes stay fields (SONM_<NAME>). A large entry goes as a
/// sealed file in memory. Source: systemd, "Native Journal Protocol".
class JournalOutput final : public SocketOutput {
public:
    explicit JournalOutput(std::string path, Millis patience = Millis(1'000))
        : SocketOutput(std::move(path), patience) {}
    std::string_view name() const override { return "journald"; }

protected:
    std::string datagram(const LogEntry& entry) const override;
    bool send_large(const std::string& datagram) override;
};

/// Any syslog daemon. A large line is cut. Source: RFC 5424.
class SyslogOutput final : public SocketOutput {
public:
    explicit SyslogOutput(std::string path, Millis patience = Millis(1'000))
        : SocketOutput(std::move(path), patience) {}
    std::string_view name() const override { return "syslog"; }

protected:
    std::string datagram(const LogEntry& entry) const override;
    bool send_large(const std::string& datagram) override;
};

}  // namespace sonm::logging

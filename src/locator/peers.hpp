#pragma once

#include "sonm/locator/types.hpp"

namespace sonm::locator {

struct PeersOptions {
    PeersOptions() = default;
    std::chrono::milliseconds interval{5'000};  ///< between two announcements of a node
    std::size_t peers_max = 256;
    std::size_t source_max = 32;  ///< peers without a link that one address may announce
};

/// The other nodes: who was heard when, who is to be connected to, who is silent. Knows no socket and no
/// clock; whoever asks says what time it is.
class Peers {
public:
    /// Silence after which a peer is given up, in intervals.
    static constexpr int silence_max = 3;
    enum class State : std::uint8_t { waiting, connecting, linked };
    struct Peer {
        Endpoints endpoints;
        std::string source;      ///< who announced it; nothing for configured ones
        bool permanent = false;  ///< configured: never given up
        State state = State::waiting;
        TimePoint heard{};
        TimePoint next_try{};
        unsigned failures = 0;
        std::error_code refusal;  ///< why it was not linked last time, if somebody wants that so
    };

    explicit Peers(PeersOptions options) : options_(options) {}

    /// A configured peer; its host may be a name.
    void add_permanent(const std::string& uuid, Endpoint where, TimePoint now);
    /// Of a peer that is configured no more.
    void remove(const std::string& uuid) { peers_.erase(uuid); }
    /// An announcement from `source`. Errors: busy (too many peers, or too many of that source). While a peer
    /// is linked or configured, its endpoints stay: a stranger's announcement does not move it.
    Result<void> announced(const std::string& uuid, const std::string& source, const Endpoints& endpoints,
                           TimePoint now);
    /// Its link has brought something: it lives.
    void heard(const std::string& uuid, TimePoint now);
    void linked(const std::string& uuid, TimePoint now);
    /// Its link has ended or was never made: again after 1, 2, 4 .. 32 s.
    void lost(const std::string& uuid, TimePoint now);
    /// One of the two sides does not want the link: whether that is news.
    bool refused(const std::string& uuid, std::error_code why);

    /// Those to be connected to now, marked as being connected to.
    std::vector<std::pair<std::string, Endpoints>> due(TimePoint now);
    /// Those that have been silent for too long, taken out.
    std::vector<std::string> silent(TimePoint now);

    const std::map<std::string, Peer>& all() const { return peers_; }
    std::size_t linked_count() const;

private:
    bool make_room();
    PeersOptions options_;
    std::map<std::string, Peer> peers_;
};

}  // namespace sonm::locator

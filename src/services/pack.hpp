#pragma once

#include "sonm/model/deal.hpp"
#include "sonm/model/order.hpp"
#include "sonm/model/resources.hpp"
#include "sonm/model/task.hpp"
#include "sonm/rpc/rpc.hpp"

/// How the nouns of the market travel: by position, so new fields go to the end and old ones never move.
namespace sonm::rpc {

template <>
inline constexpr auto enum_max<model::Side> = model::Side::bid;
template <>
inline constexpr auto enum_max<model::Currency> = model::Currency::usd;
template <>
inline constexpr auto enum_max<model::Identity> = model::Identity::professional;
template <>
inline constexpr auto enum_max<model::DealStatus> = model::DealStatus::closed;
template <>
inline constexpr auto enum_max<model::TaskState> = model::TaskState::stopped;

/// Sixteen values in the order of their ids; fewer are refused, so that none changes its meaning silently.
template <std::size_t N>
struct Codec<std::array<std::uint64_t, N>> {
    static void pack(Writer& out, const std::array<std::uint64_t, N>& values) {
        out.array(N);
        for (std::uint64_t value : values) out.uint(value);
    }
    static Result<std::array<std::uint64_t, N>> unpack(Reader& in) {
        SONM_TRY(std::size_t count, in.array());
        if (count != N) return out_of_range("number of values");
        std::array<std::uint64_t, N> values;
        for (std::uint64_t& value : values) {
            SONM_TRY(value, in.uint());
        }
        return values;
    }
};

template <>
struct Fields<model::NetFlags> {
    static constexpr auto list = fields(field<"bits">(&model::NetFlags::bits));
};

template <>
struct Fields<model::Benchmarks> {
    static constexpr auto list = fields(field<"values">(&model::Benchmarks::values));
};

template <>
struct Fields<model::Order> {
    using Order = model::Order;
    static constexpr auto list = fields(
        field<"side">(&Order::side), field<"author">(&Order::author),
        field<"counterparty">(&Order::counterparty), field<"price">(&Order::price),
        field<"currency">(&Order::currency), field<"duration">(&Order::duration),
        field<"netflags">(&Order::netflags), field<"identity">(&Order::identity),
        field<"blacklist">(&Order::blacklist), field<"tag">(&Order::tag), field<"rate_min">(&Order::rate_min),
        field<"rate_max">(&Order::rate_max), field<"expiry">(&Order::expiry), field<"nonce">(&Order::nonce),
        field<"benchmarks">(&Order::benchmarks));
};

template <>
struct Fields<model::Deal> {
    using Deal = model::Deal;
    static constexpr auto list = fields(
        field<"id">(&Deal::id), field<"ask">(&Deal::ask), field<"bid">(&Deal::bid),
        field<"supplier">(&Deal::supplier), field<"master">(&Deal::master),
        field<"consumer">(&Deal::consumer), field<"price">(&Deal::price), field<"currency">(&Deal::currency),
        field<"start">(&Deal::start), field<"end">(&Deal::end), field<"rate_start">(&Deal::rate_start));
};

template <>
struct Fields<model::DealState> {
    using State = model::DealState;
    static constexpr auto list =
        fields(field<"status">(&State::status), field<"escrow">(&State::escrow), field<"paid">(&State::paid),
               field<"settled_until">(&State::settled_until));
};

template <>
struct Fields<model::Resources> {
    using Resources = model::Resources;
    static constexpr auto list = fields(
        field<"cpu_millicores">(&Resources::cpu_millicores), field<"ram_bytes">(&Resources::ram_bytes),
        field<"storage_bytes">(&Resources::storage_bytes), field<"net_down_bps">(&Resources::net_down_bps),
        field<"net_up_bps">(&Resources::net_up_bps), field<"gpus">(&Resources::gpus));
};

template <>
struct Fields<model::ImageSource> {
    using Image = model::ImageSource;
    static constexpr auto list =
        fields(field<"reference">(&Image::reference), field<"blob">(&Image::blob),
               field<"blob_bytes">(&Image::blob_bytes), field<"registry_user">(&Image::registry_user),
               field<"registry_password">(&Image::registry_password));
};

template <>
struct Fields<model::InputFile> {
    using Input = model::InputFile;
    static constexpr auto list = fields(field<"path">(&Input::path), field<"blob">(&Input::blob),
                                        field<"bytes">(&Input::bytes), field<"mode">(&Input::mode));
};

template <>
struct Fields<model::TaskSpec> {
    using Spec = model::TaskSpec;
    static constexpr auto list =
        fields(field<"image">(&Spec::image), field<"entrypoint">(&Spec::entrypoint),
               field<"command">(&Spec::command), field<"working_dir">(&Spec::working_dir),
               field<"user">(&Spec::user), field<"environment">(&Spec::environment),
               field<"inputs">(&Spec::inputs), field<"outputs">(&Spec::outputs),
               field<"limits">(&Spec::limits), field<"time_limit">(&Spec::time_limit),
               field<"stop_grace">(&Spec::stop_grace), field<"network">(&Spec::network),
               field<"output_bytes_max">(&Spec::output_bytes_max), field<"tag">(&Spec::tag));
};

template <>
struct Fields<model::Usage> {
    using Usage = model::Usage;
    static constexpr auto list =
        fields(field<"cpu_ms">(&Usage::cpu_ms), field<"memory_peak_bytes">(&Usage::memory_peak_bytes),
               field<"net_rx_bytes">(&Usage::net_rx_bytes), field<"net_tx_bytes">(&Usage::net_tx_bytes),
               field<"block_read_bytes">(&Usage::block_read_bytes),
               field<"block_write_bytes">(&Usage::block_write_bytes), field<"wall_ms">(&Usage::wall_ms));
};

template <>
struct Fields<model::TaskStatus> {
    using Status = model::TaskStatus;
    static constexpr auto list = fields(
        field<"id">(&Status::id), field<"deal">(&Status::deal), field<"state">(&Status::state),
        field<"reason">(&Status::reason), field<"exit_code">(&Status::exit_code),
        field<"out_of_memory">(&Status::out_of_memory), field<"accepted_at">(&Status::accepted_at),
        field<"started_at">(&Status::started_at), field<"ended_at">(&Status::ended_at),
        field<"usage">(&Status::usage), field<"progress_done">(&Status::progress_done),
        field<"progress_total">(&Status::progress_total), field<"output_bytes">(&Status::output_bytes));
};

template <>
struct Fields<model::Receipt> {
    using Receipt = model::Receipt;
    static constexpr auto list = fields(
        field<"deal">(&Receipt::deal), field<"task">(&Receipt::task), field<"worker">(&Receipt::worker),
        field<"spec">(&Receipt::spec), field<"image">(&Receipt::image), field<"inputs">(&Receipt::inputs),
        field<"outputs">(&Receipt::outputs), field<"exit_code">(&Receipt::exit_code),
        field<"usage">(&Receipt::usage), field<"started_at">(&Receipt::started_at),
        field<"ended_at">(&Receipt::ended_at));
};

}  // namespace sonm::rpc

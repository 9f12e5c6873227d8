#include "sonm/storage/s3_backend.hpp"

#include "sonm/storage/page.hpp"
#include "sonm/storage/s3_listing.hpp"

namespace sonm::storage {
namespace {

/// Keys with one tag that a find looks through.
constexpr std::size_t marks_max = 1'000'000;

web::Options options_of(const S3Settings& settings) {
    web::Options options;
    // The server is the operator's choice, also in the own network.
    options.guard = web::AddressGuard::open();
    options.ca_file = settings.ca_file;
    options.limits.answer_max = settings.answer_max;
    options.limits.body_bytes_max = 256 * MiB;
    return options;
}

tl::unexpected<Error> refused(const web::Response& answer) {
    Errc kind = Errc::io;
    switch (answer.status) {
        case 404: kind = Errc::not_found; break;
        case 401:
        case 403: kind = Errc::denied; break;
        case 413: kind = Errc::too_large; break;
        case 429:
        case 503: kind = Errc::busy; break;
        case 507: kind = Errc::no_space; break;
        default: break;
    }
    return fail(kind, "S3 answers {}: {}", answer.status, text_of_element(answer.body, "Message"));
}

}  // namespace

S3Backend::S3Backend(const Executor& executor, const Clock& clock, S3Settings settings)
    : clock_(clock),
      settings_(std::move(settings)),
      client_(executor, options_of(settings_)),
      turns_(executor) {
    while (settings_.endpoint.ends_with('/')) settings_.endpoint.pop_back();
}

std::string S3Backend::value_path(const Name& name) const {
    return fmt::format("{}v/{}/{}", settings_.prefix, to_file_name(name.collection), to_file_name(name.key));
}
std::string S3Backend::mark_path(const std::string& collection, const std::string& tag,
                                 const std::string& file) const {
    return fmt::format("{}t/{}/{}/{}", settings_.prefix, to_file_name(collection), to_file_name(tag), file);
}

Async<web::Response> S3Backend::send(std::string method, Object object, std::string body,
                                     std::vector<web::Header> headers) {
    web::Request request;
    request.method = std::move(method);
    request.url = fmt::format("{}/{}", settings_.endpoint, web::url_encode(settings_.bucket));
    if (!object.path.empty()) request.url += "/" + web::url_encode(object.path, "/");
    if (!object.query.empty()) request.url += "?" + object.query;
    request.headers = std::move(headers);
    request.body = std::move(body);
    SONM_CO_CHECK(web::sign_aws4(request, settings_.account, clock_.now()));
    auto asking = client_.request(std::move(request));
    co_return co_await std::move(asking);
}

Async<web::Response> S3Backend::ask(std::string method, Object object, std::string body,
                                    std::vector<web::Header> headers) {
    auto sending = send(std::move(method), std::move(object), std::move(body), std::move(headers));
    SONM_CO_TRY(web::Response answer, co_await std::move(sending));
    if (answer.status / 100 != 2) co_return refused(answer);
    co_return answer;
}

Async<void> S3Backend::open() {
    auto looking = send("HEAD", Object());
    SONM_CO_TRY(web::Response found, co_await std::move(looking));
    if (found.status / 100 == 2) co_return Result<void>();
    if (found.status != 404) co_return refused(found);
    auto making = ask("PUT", Object());
    auto made = co_await std::move(making);
    if (!made) co_return wrap(std::move(made.error()), "making the bucket {}", settings_.bucket);
    co_return Result<void>();
}

Async<Bytes> S3Backend::read(Name name) {
    Object object{value_path(name), {}};
    auto asking = ask("GET", std::move(object));
    SONM_CO_TRY(web::Response answer, co_await std::move(asking));
    Bytes record = to_bytes(answer.body);
    SONM_CO_TRY(RecordHead head, decode_record(record));
    if (head.key != name.key) co_return fail(Errc::corrupt, "{}: the record of another key", name.path());
    co_return record;
}

Async<std::optional<RecordHead>> S3Backend::head_of(Name name) {
    std::vector<web::Header> range{{"range", fmt::format("bytes=0-{}", head_bytes_max - 1)}};
    Object object{value_path(name), {}};
    auto asking = ask("GET", std::move(object), {}, std::move(range));
    auto answer = co_await std::move(asking);
    if (!answer && answer.error().is(Errc::not_found)) co_return std::optional<RecordHead>();
    if (!answer) co_return tl::unexpected<Error>(std::move(answer.error()));
    auto head = decode_head(as_bytes(answer->body));
    // A damaged record is replaced or removed; nothing of it can be kept.
    if (!head) co_return std::optional<RecordHead>();
    co_return std::optional<RecordHead>(std::move(*head));
}

Async<void> S3Backend::write(Name name, Bytes value, std::set<std::string> tags) {
    auto waiting = turns_.take(name.path());
    SONM_CO_TRY(Turns::Turn turn, co_await std::move(waiting));
    auto looking = head_of(name);
    SONM_CO_TRY(std::optional<RecordHead> old, co_await std::move(looking));
    if (old) tags.insert(old->tags.begin(), old->tags.end());
    if (tags.size() > tags_max)
        co_return fail(Errc::too_large, "{} would have {} tags; at most {} are allowed", name.path(),
                       tags.size(), tags_max);
    Object object{value_path(name), {}};
    std::string record(as_text(encode_record(name.key, tags, value)));
    auto putting = ask("PUT", std::move(object), std::move(record));
    SONM_CO_CHECK(co_await std::move(putting));
    // All of them again: an earlier write may have failed between two marks.
    std::string file = to_file_name(name.key);
    for (const std::string& tag : tags) {
        Object mark{mark_path(name.collection, tag, file), {}};
        auto marking = ask("PUT", std::move(mark), name.key);
        SONM_CO_CHECK(co_await std::move(marking));
    }
    co_return Result<void>();
}

Async<void> S3Backend::remove(Name name) {
    auto waiting = turns_.take(name.path());
    SONM_CO_TRY(Turns::Turn turn, co_await std::move(waiting));
    auto looking = head_of(name);
    SONM_CO_TRY(std::optional<RecordHead> old, co_await std::move(looking));
    // Marks first: a find must not give what is not there.
    std::string file = to_file_name(name.key);
    for (const std::string& tag : old ? old->tags : std::set<std::string>()) {
        Object mark{mark_path(name.collection, tag, file), {}};
        auto unmarking = ask("DELETE", std::move(mark));
        auto gone = co_await std::move(unmarking);
        if (!gone && !gone.error().is(Errc::not_found))
            co_return tl::unexpected<Error>(std::move(gone.error()));
    }
    Object object{value_path(name), {}};
    auto deleting = ask("DELETE", std::move(object));
    auto gone = co_await std::move(deleting);
    if (!gone && !gone.error().is(Errc::not_found)) co_return tl::unexpected<Error>(std::move(gone.error()));
    co_return Result<void>();
}

Async<S3Backend::Names> S3Backend::marked(std::string collection, std::string tag) {
    std::string folder = mark_path(collection, tag, "");
    std::string after;
    Names files;
    while (true) {
        Object list;
        list.query = "list-type=2&prefix=" + web::url_encode(folder);
        if (!after.empty()) list.query += "&start-after=" + web::url_encode(after);
        auto asking = ask("GET", std::move(list));
        SONM_CO_TRY(web::Response answer, co_await std::move(asking));
        Listing listing = read_listing(answer.body);
        for (const std::string& key : listing.keys)
            if (key.starts_with(folder)) files.insert(key.substr(folder.size()));
        if (!listing.more || listing.keys.empty() || listing.keys.back() <= after) co_return files;
        if (files.size() > marks_max)
            co_return fail(Errc::too_large, "more than {} keys have the tag {}", marks_max, tag);
        after = listing.keys.back();
    }
}

Async<std::vector<std::string>> S3Backend::find(Query query) {
    std::optional<Names> files;
    for (const std::string& tag : query.tags) {
        auto listing = marked(query.collection, tag);
        SONM_CO_TRY(Names with_tag, co_await std::move(listing));
        if (files)
            std::erase_if(*files, [&](const std::string& file) { return !with_tag.contains(file); });
        else
            files = std::move(with_tag);
    }
    Page page(query);
    for (const std::string& file : *files) {
        auto key = from_file_name(file);
        if (!key && key.error().is(Errc::not_found)) {
            // A long key: only its mark knows it.
            Object mark{mark_path(query.collection, *query.tags.begin(), file), {}};
            auto asking = ask("GET", std::move(mark));
            SONM_CO_TRY(web::Response answer, co_await std::move(asking));
            key = std::move(answer.body);
        }
        if (key) page.add(std::move(*key));
    }
    co_return page.take();
}

}  // namespace sonm::storage

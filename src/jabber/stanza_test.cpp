#include "sonm/jabber/stanza.hpp"

#include <gtest/gtest.h>

namespace sonm::jabber {
namespace {

using services::JabberMessage;

struct Context {
    xmpp_ctx_t* context = xmpp_ctx_new(nullptr, nullptr);
    ~Context() { xmpp_ctx_free(context); }
    Heard hear(const std::string& text) {
        Stanza stanza = parse_stanza(context, text);
        EXPECT_TRUE(stanza) << text;
        return stanza ? read_stanza(stanza.get()) : Heard{};
    }
    std::string written(const Stanza& stanza) {
        char* text = nullptr;
        std::size_t size = 0;
        EXPECT_EQ(xmpp_stanza_to_text(stanza.get(), &text, &size), XMPP_EOK);
        std::string copy(text, size);
        xmpp_free(context, text);
        return copy;
    }
};

TEST(Stanza, a_message_is_read_with_whatever_it_has) {
    Context context;
    Heard heard = context.hear(
        "<message from='ann@a/1' to='bob@b' type='chat' id='7'><thread/><body>a &lt;b&gt; "
        "ü</body></message>");
    auto message = std::get<JabberMessage>(heard.event.value());
    EXPECT_EQ(message.from, "ann@a/1");
    EXPECT_EQ(message.to, "bob@b");
    EXPECT_EQ(message.type, "chat");
    EXPECT_EQ(message.id, "7");
    EXPECT_EQ(message.body, "a <b> ü");
    EXPECT_FALSE(heard.reply);
    auto bare = std::get<JabberMessage>(context.hear("<message><body>x</body></message>").event.value());
    EXPECT_EQ(bare.type, "normal");
    EXPECT_EQ(bare.from, "");
    auto refused = context.hear("<message type='error'><error/></message>").event;
    EXPECT_EQ(std::get<JabberMessage>(refused.value()).type, "error");
}

TEST(Stanza, what_says_nothing_gives_nothing) {
    Context context;
    for (const char* text :
         {"<message from='a@b'><composing/></message>", "<message><body/></message>", "<presence/>",
          "<a><body>x</body></a>", "<iq/>", "<iq type='result'/>", "<iq type='result' id='sonm-'/>",
          "<iq type='result' id='sonm--1'/>", "<iq type='result' id='sonm-18446744073709551616'/>",
          "<iq type='error' id='other-1'/>", "<iq type='get'><ping xmlns='urn:xmpp:ping'/></iq>",
          "<iq type='strange' id='1'/>"}) {
        Heard heard = context.hear(text);
        EXPECT_FALSE(heard.event) << text;
        EXPECT_FALSE(heard.reply) << text;
    }
}

TEST(Stanza, a_message_that_is_too_large_is_given_up_and_one_that_fits_is_not) {
    Context context;
    std::string most(message_bytes_max - std::string("normal").size(), 'x');
    auto fits = context.hear("<message type='normal'><body>" + most + "</body></message>").event;
    EXPECT_EQ(std::get<JabberMessage>(fits.value()).body.size(), most.size());
    for (const std::string& large : {"<message type='normal'><body>y" + most + "</body></message>",
                                     "<message from='" + most + "'><body>1</body></message>"}) {
        auto event = context.hear(large).event;
        EXPECT_EQ(std::get<GivenUp>(event.value()).bytes, message_bytes_max + 1);
    }
}

TEST(Stanza, a_servers_question_is_answered_though_it_does_not_say_who_asks) {
    Context context;
    std::string ping = "<ping xmlns='urn:xmpp:ping'/></iq>";
    auto answer = [&](const std::string& text) { return context.written(context.hear(text).reply); };
    std::string anonymous = answer("<iq type='get' id='p1'>" + ping);
    EXPECT_NE(anonymous.find("id=\"p1\""), std::string::npos) << anonymous;
    EXPECT_NE(anonymous.find("type=\"result\""), std::string::npos) << anonymous;
    EXPECT_EQ(anonymous.find("to="), std::string::npos) << anonymous;
    std::string addressed = answer("<iq type='get' id='p2' from='example.org' to='bob@b'>" + ping);
    EXPECT_NE(addressed.find("to=\"example.org\""), std::string::npos) << addressed;
    std::string unknown = answer("<iq type='set' id='p3'><query xmlns='x'/></iq>");
    EXPECT_NE(unknown.find("type=\"error\""), std::string::npos) << unknown;
    EXPECT_NE(unknown.find("service-unavailable"), std::string::npos) << unknown;
}

TEST(Stanza, an_answer_to_our_question_confirms_even_if_it_is_an_error) {
    Context context;
    for (const char* type : {"result", "error"}) {
        auto event = context.hear(fmt::format("<iq type='{}' id='sonm-18446744073709551615'/>", type)).event;
        EXPECT_EQ(std::get<Confirmed>(event.value()).number, ~std::uint64_t(0));
    }
    Stanza question = make_confirmation(context.context, 5);
    EXPECT_STREQ(xmpp_stanza_get_id(question.get()), "sonm-5");
    EXPECT_TRUE(xmpp_stanza_get_child_by_ns(question.get(), "urn:xmpp:ping"));
}

TEST(Stanza, text_that_is_no_stanza_gives_none) {
    Context context;
    for (const char* text : {"", "x", "<a>", "<message", "</stream>", "<message><body>&#0;</body></message>",
                             "<!DOCTYPE a [<!ENTITY b 'c'>]><message/>",
                             "<message><body>&b;</body></message>", "<message><body>\x01</body></message>"})
        EXPECT_FALSE(parse_stanza(context.context, text)) << text;
}

}  // namespace
}  // namespace sonm::jabber

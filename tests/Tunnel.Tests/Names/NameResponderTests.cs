using System.Text;
using Keyhole.Contracts;
using Keyhole.Packets;

namespace Keyhole.Tunnel.Tests.Names;

public sealed class NameResponderTests
{
    private static readonly NameTable Names = new(
    [
        new ResourceRow(1, 1, "web", "192.168.1.20", ["100.96.0.1/32", "fd00::1/128"], "web.acme.internal", [], [], true),
        new ResourceRow(2, 1, "v4", "192.168.1.21", ["100.96.0.2/32"], "v4.acme.internal", [], [], true),
        new ResourceRow(3, 1, "apps", "apps.corp", ["100.96.0.3/32", "fd00::3/128"], "*.apps.acme.internal", [], [], true),
    ]);

    [Theory]
    [InlineData("web.acme.internal", DnsType.A, "100.96.0.1")]
    [InlineData("WEB.acme.INTERNAL", DnsType.Aaaa, "fd00::1")]
    [InlineData("web.acme.internal", DnsType.Any, "100.96.0.1 fd00::1")]
    [InlineData("x.y.apps.acme.internal", DnsType.A, "100.96.0.3")]
    [InlineData("1.0.96.100.in-addr.arpa", DnsType.Ptr, "web.acme.internal")]
    [InlineData("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.ARPA", DnsType.Ptr, "web.acme.internal")]
    public void Granted_names_and_addresses_are_answered(string name, int type, string expected)
    {
        byte[] query = Query(name, type);
        var (verdict, response) = Ask(query);
        Assert.Equal(NameVerdict.Answered, verdict);
        Assert.True(DnsView.TryParse(response, out var view));
        Assert.True(view is { Id: 0x1234, IsResponse: true, IsAuthoritative: true, RecursionAvailable: true, ResponseCode: 0, AuthorityCount: 0, AdditionalCount: 0 });
        // The letters as they were asked: resolvers check them.
        Assert.Equal(query[12..], response[12..query.Length]);
        var found = new List<string>();
        var text = new char[255];
        foreach (var record in view.Records)
        {
            Assert.Equal(NameResponder.TimeToLive, record.TimeToLive);
            if (record.TryGetAddress(out var address))
                found.Add(address.ToString());
            if (record.TryGetTarget(out var target) && target.TryWriteText(text, out int length))
                found.Add(new string(text, 0, length));
        }

        Assert.Equal(expected, string.Join(' ', found));
    }

    [Theory]
    [InlineData("web.acme.internal", DnsType.Mx)]
    [InlineData("web.acme.internal", DnsType.Https)]
    [InlineData("v4.acme.internal", DnsType.Aaaa)]
    [InlineData("1.0.96.100.in-addr.arpa", DnsType.A)]
    public void A_name_without_a_record_of_the_type_exists_nevertheless(string name, int type)
    {
        var (verdict, response) = Ask(Query(name, type));
        Assert.Equal(NameVerdict.Answered, verdict);
        Assert.True(DnsView.TryParse(response, out var view));
        Assert.True(view is { ResponseCode: 0, AnswerCount: 0, AuthorityCount: 1 });
        var records = view.Records;
        Assert.True(records.MoveNext());
        Assert.Equal((DnsType.Soa, NameResponder.TimeToLive), (records.Current.Type, records.Current.TimeToLive));
    }

    [Theory]
    [Trait("Promise", "A1"), Trait("Threat", "25")]
    [InlineData("files.acme.internal", DnsType.A)]
    [InlineData("acme.internal", DnsType.A)]
    [InlineData("apps.acme.internal", DnsType.A)]
    [InlineData("b.web.acme.internal", DnsType.A)]
    [InlineData("example.com", DnsType.Any)]
    [InlineData("3.0.96.100.in-addr.arpa", DnsType.Ptr)]
    [InlineData("96.100.in-addr.arpa", DnsType.Soa)]
    public void What_was_not_granted_is_neither_confirmed_nor_denied(string name, int type) => Assert.Equal(NameVerdict.Forward, Ask(Query(name, type)).Verdict);

    [Fact]
    public void Another_class_and_names_of_odd_bytes_go_on()
    {
        byte[] chaos = Query("web.acme.internal", DnsType.A);
        chaos[^1] = 3;
        Assert.Equal(NameVerdict.Forward, Ask(chaos).Verdict);
        byte[] odd = Query("web.acme.internal", DnsType.A);
        odd[13] = (byte)'.';
        Assert.Equal(NameVerdict.Forward, Ask(odd).Verdict);
    }

    [Fact]
    public void EDNS_is_answered_with_EDNS()
    {
        byte[] edns = [0, 0, 41, 4, 0xD0, 0, 0, 0x80, 0, 0, 0];
        byte[] query = [.. Query("web.acme.internal", DnsType.A), .. edns];
        query[11] = 1;
        Assert.True(DnsView.TryParse(Ask(query).Response, out var view));
        Assert.True(view is { ResponseCode: 0, AnswerCount: 1, AdditionalCount: 1 });
        Assert.True(DnsEdns.TryFind(view, out var answered, out _));
        Assert.Equal(new DnsEdns(1232, 0), answered);

        // A version that does not exist.
        query[^5] = 1;
        Assert.True(DnsView.TryParse(Ask(query).Response, out view));
        Assert.True(view is { ResponseCode: 0, AnswerCount: 0, AdditionalCount: 1 });
        var records = view.Records;
        Assert.True(records.MoveNext());
        Assert.Equal(1u, records.Current.TimeToLive >> 24);

        byte[] twice = [.. query, .. edns];
        twice[11] = 2;
        Assert.True(DnsView.TryParse(Ask(twice).Response, out view));
        Assert.Equal(DnsResponseCode.FormatError, view.ResponseCode);
    }

    [Fact]
    [Trait("Threat", "25")]
    public void What_is_no_query_gets_no_answer_and_a_malformed_one_an_error_of_a_header()
    {
        byte[] query = Query("web.acme.internal", DnsType.A);
        for (int length = 0; length < query.Length; length++)
        {
            var (verdict, response) = Ask(query[..length]);
            Assert.Equal(length < 12 ? NameVerdict.Ignored : NameVerdict.Answered, verdict);
            Assert.True(response.Length <= length);
        }

        byte[] response1 = [.. query];
        response1[2] |= 0x80;
        Assert.Equal(NameVerdict.Ignored, Ask(response1).Verdict);
        byte[] update = [.. query];
        update[2] = 5 << 3;
        Assert.True(DnsView.TryParse(Ask(update).Response, out var view));
        Assert.Equal(DnsResponseCode.NotImplemented, view.ResponseCode);
        byte[] empty = query[..12];
        empty[5] = 0;
        Assert.True(DnsView.TryParse(Ask(empty).Response, out view));
        Assert.Equal(DnsResponseCode.FormatError, view.ResponseCode);
    }

    private static (NameVerdict Verdict, byte[] Response) Ask(byte[] query)
    {
        byte[] response = new byte[NameResponder.MaximumResponseLength];
        var verdict = NameResponder.Respond(Names, query, response, out int length);
        Assert.Equal(verdict == NameVerdict.Answered, length > 0);
        return (verdict, response[..length]);
    }

    private static byte[] Query(string name, int type) =>
    [
        0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0,
        .. name.Split('.').SelectMany(label => Encoding.ASCII.GetBytes(label).Prepend((byte)label.Length)), 0, (byte)(type >> 8), (byte)type, 0, 1,
    ];
}

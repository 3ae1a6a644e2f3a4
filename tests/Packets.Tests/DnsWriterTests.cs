using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Keyhole.Packets.Tests;

public sealed class DnsWriterTests
{
    [Fact]
    public void A_response_repeats_the_query_and_adds_what_was_found()
    {
        byte[] query = Query("wEb.Acme", DnsType.A);
        query[2] = 0x7D;
        query[3] = 0x30;
        Assert.True(DnsView.TryParse(query, out var asked));
        byte[] message = Enumerable.Repeat((byte)0xEE, 512).ToArray();
        Assert.True(DnsWriter.TryAnswer(message, asked, DnsResponseCode.NoError, out var writer));
        writer.MarkAuthoritative();
        Assert.True(writer.TryAddAddress(IpAddress.Parse("100.96.0.1"), 1));
        Assert.True(writer.TryAddAddress(IpAddress.Parse("fd00::1"), 2));
        Assert.True(writer.TryAddPointer("web.acme", 3));
        Assert.True(writer.TryAddStartOfAuthority(4));
        Assert.True(writer.TryAddEdns(1232, DnsResponseCode.BadVersion));

        Assert.True(DnsView.TryParse(message.AsSpan(0, writer.Length), out var view));
        Assert.True(view is { Id: 0x1234, IsResponse: true, Opcode: 15, IsAuthoritative: true, IsTruncated: false, RecursionDesired: true, RecursionAvailable: true });
        Assert.True(view is { ResponseCode: 0, AnswerCount: 3, AuthorityCount: 1, AdditionalCount: 1 });
        Assert.Equal(0x10, message[3] & 0x70);
        Assert.Equal(query[12..], message[12..query.Length]);
        Assert.Equal(0xEE, message[writer.Length]);
        Assert.True(view.TryGetQuestion(out var question));
        var records = view.Records;
        foreach (uint timeToLive in new uint[] { 1, 2, 3, 4 })
        {
            Assert.True(records.MoveNext());
            Assert.True(records.Current.Name.Equals(question.Name));
            Assert.Equal((timeToLive, (ushort)1), (records.Current.TimeToLive, records.Current.Class));
            if (records.Current.TryGetAddress(out var address))
                Assert.Equal(timeToLive == 1 ? "100.96.0.1" : "fd00::1", address.ToString());
            if (records.Current.TryGetTarget(out var target))
                Assert.True(target.Equals(question.Name));
        }

        Assert.True(DnsEdns.TryFind(view, out var edns, out bool isMalformed));
        Assert.False(isMalformed);
        Assert.Equal(1232, edns.PayloadLength);
    }

    [Fact]
    public void What_does_not_fit_is_not_begun()
    {
        Assert.True(DnsView.TryParse(Query("a.b", DnsType.A), out var query));
        int question = 12 + 5 + 4;
        Assert.False(DnsWriter.TryAnswer(new byte[question - 1], query, 0, out _));
        byte[] message = new byte[question + 20];
        Assert.True(DnsWriter.TryAnswer(message, query, 0, out var writer));
        Assert.False(writer.TryAddAddress(IpAddress.Parse("::1"), 1));
        Assert.True(writer.TryAddAddress(IpAddress.Parse("10.0.0.1"), 1));
        Assert.False(writer.TryAddEdns(512, 0));
        writer.MarkTruncated();
        Assert.True(DnsView.TryParse(message.AsSpan(0, writer.Length), out var view));
        Assert.True(view is { RecordCount: 1, IsTruncated: true });
    }

    [Fact]
    public void Texts_that_are_no_names_and_records_out_of_order_are_refused()
    {
        Assert.True(DnsView.TryParse(Query("a.b", DnsType.Ptr), out var query));
        byte[] message = new byte[512];
        Assert.True(DnsWriter.TryAnswer(message, query, 0, out var writer));
        foreach (string text in new[] { "", "a..b", ".", "ä.b", new string('a', 64) + ".b", string.Join('.', Enumerable.Repeat("abcdefghi", 26)) })
            Assert.False(writer.TryAddPointer(text, 1));
        Assert.True(writer.TryAddPointer(string.Join('.', Enumerable.Repeat("abcdefghi", 25)), 1));
        Assert.True(writer.TryAddEdns(512, 0));
        bool refused = false;
        try
        {
            writer.TryAddPointer("a", 1);
        }
        catch (InvalidOperationException)
        {
            refused = true;
        }

        Assert.True(refused);
    }

    [Fact]
    [Trait("Threat", "25")]
    public void An_error_is_a_header_that_no_question_follows()
    {
        byte[] broken = [.. Query("a.b", DnsType.A)[..^2]];
        byte[] message = new byte[512];
        int length = DnsWriter.WriteError(message, broken, DnsResponseCode.FormatError);
        Assert.True(DnsView.TryParse(message.AsSpan(0, length), out var view));
        Assert.True(view is { Id: 0x1234, IsResponse: true, ResponseCode: DnsResponseCode.FormatError, QuestionCount: 0, RecordCount: 0 });
        Assert.Throws<ArgumentException>(() => DnsWriter.WriteError(message, broken.AsSpan(0, 11), DnsResponseCode.FormatError));
    }

    [Fact]
    public void Every_query_is_answered_by_a_message_that_the_naive_twin_reads()
    {
        var labels = Gen.NonEmptyListOf(Gen.Choose(1, 63).SelectMany(length => Gen.Choose(0, 255).Select(value => Enumerable.Repeat((byte)value, length).ToArray())))
            .Select(list => list.Take(20).ToArray());
        int answered = 0;
        Prop.ForAll(labels.SelectMany(name => Gen.Choose(0, 300).Select(room => (name, room))).ToArbitrary(), input =>
        {
            byte[] query = [.. Header(1), .. input.name.SelectMany(label => label.Prepend((byte)label.Length)), 0, 0, 1, 0, 1];
            if (!DnsView.TryParse(query, out var view))
                return NaiveDns.Walk(query) is null;
            byte[] message = new byte[input.room];
            if (!DnsWriter.TryAnswer(message, view, DnsResponseCode.NoSuchName, out var writer))
                return input.room < query.Length;
            int added = 0;
            foreach (string address in new[] { "192.0.2.1", "2001:db8::1" })
                added += writer.TryAddAddress(IpAddress.Parse(address), 60) ? 1 : 0;
            added += writer.TryAddEdns(1232, 0) ? 1 : 0;
            answered++;
            var found = NaiveDns.Walk(message[..writer.Length]);
            return found is not null && found.Count == 1 + added && found[0] == NaiveDns.Walk(query)![0];
        }).Check(Seeded.Runs(1000));
        Assert.True(answered > 100);
    }

    [Theory]
    [InlineData("192.0.2.1", "1.2.0.192.in-addr.arpa")]
    [InlineData("2001:db8::567:89ab", "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa")]
    public void Names_of_addresses_are_those_of_the_RFCs(string address, string name)
    {
        Assert.Equal(name, ReverseName.Of(IpAddress.Parse(address)));
        Assert.True(ReverseName.TryParse(name, out var parsed));
        Assert.Equal(address, parsed.ToString());
        Assert.False(ReverseName.TryParse("x." + name, out _));
        Assert.False(ReverseName.TryParse(name.AsSpan(2), out _));
    }

    [Fact]
    public void Names_of_prefixes_end_between_two_labels()
    {
        Assert.Equal("96.100.in-addr.arpa", ReverseName.OfPrefix(IpPrefix.Parse("100.96.0.0/16")));
        Assert.Equal("1.d.f.ip6.arpa", ReverseName.OfPrefix(IpPrefix.Parse("fd10::/12")));
        Assert.Throws<ArgumentException>(() => ReverseName.OfPrefix(IpPrefix.Parse("100.96.0.0/11")));
        foreach (string text in new[] { "256.2.0.192.in-addr.arpa", "01.2.0.192.in-addr.arpa", "1.2.0.192.1.in-addr.arpa", "..0.192.in-addr.arpa", "in-addr.arpa", ".in-addr.arpa", "ip6.arpa" })
            Assert.False(ReverseName.TryParse(text, out _));
    }

    [Fact]
    public void Every_address_is_read_back_from_its_name()
    {
        Prop.ForAll(Gen.ArrayOf(Gen.Choose(0, 255).Select(value => (byte)value), 16).ToArbitrary(), bytes =>
        {
            foreach (var address in new[] { IpAddress.FromBytes(bytes.AsSpan(0, 4)), IpAddress.FromBytes(bytes) })
            {
                if (!ReverseName.TryParse(ReverseName.Of(address), out var parsed) || parsed != address)
                    return false;
            }

            return true;
        }).Check(Seeded.Runs(500));
    }

    private static byte[] Header(byte questions) => [0x12, 0x34, 1, 0, 0, questions, 0, 0, 0, 0, 0, 0];

    private static byte[] Query(string name, ushort type) =>
    [
        .. Header(1), .. name.Split('.').SelectMany(label => Encoding.ASCII.GetBytes(label).Prepend((byte)label.Length)), 0, (byte)(type >> 8), (byte)type, 0, 1,
    ];
}

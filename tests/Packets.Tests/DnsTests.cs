using FsCheck;
using FsCheck.Fluent;

namespace Keyhole.Packets.Tests;

public sealed class DnsTests
{
    /// <summary>A response with a compressed CNAME chain, as resolvers send it.</summary>
    private static readonly byte[] Response =
    [
        0x12, 0x34, 0x85, 0x83, 0, 1, 0, 2, 0, 0, 0, 1,
        3, (byte)'W', (byte)'w', (byte)'w', 4, (byte)'a', (byte)'c', (byte)'m', (byte)'e', 0, 0, 1, 0, 1,
        0xC0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 5, 2, (byte)'d', (byte)'b', 0xC0, 16,
        0xC0, 38, 0, 1, 0, 1, 0xFF, 0, 0, 0, 0, 4, 10, 0, 0, 7,
        0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0,
    ];

    [Fact]
    public void Fields_stand_where_RFC_1035_puts_them()
    {
        Assert.True(DnsView.TryParse(Response, out var view));
        Assert.Equal(0x1234, view.Id);
        Assert.True(view is { IsResponse: true, Opcode: 0, IsAuthoritative: true, IsTruncated: false, RecursionDesired: true, RecursionAvailable: true, ResponseCode: 3 });
        Assert.True(view is { QuestionCount: 1, AnswerCount: 2, AuthorityCount: 0, AdditionalCount: 1 });
        Assert.True(view.TryGetQuestion(out var question));
        Assert.Equal("www.acme", Text(question.Name));
        Assert.Equal((DnsType.A, (ushort)1), (question.Type, question.Class));

        var records = view.Records;
        Assert.True(records.MoveNext());
        Assert.Equal((DnsType.Cname, 60u, DnsSection.Answer), (records.Current.Type, records.Current.TimeToLive, records.Current.Section));
        Assert.True(records.Current.Name.Equals(question.Name));
        Assert.True(records.Current.TryGetTarget(out var target));
        Assert.False(records.Current.TryGetAddress(out _));
        Assert.Equal("db.acme", Text(target));
        Assert.True(records.MoveNext());
        Assert.True(records.Current.Name.Equals(target));
        Assert.Equal(0u, records.Current.TimeToLive);
        Assert.True(records.Current.TryGetAddress(out var address));
        Assert.Equal(IpAddress.Parse("10.0.0.7"), address);
        Assert.True(records.MoveNext());
        Assert.Equal((DnsType.Opt, DnsSection.Additional), (records.Current.Type, records.Current.Section));
        Assert.True(records.Current.Name.IsRoot);
        Assert.Equal(".", Text(records.Current.Name));
        Assert.False(records.MoveNext());
    }

    [Fact]
    public void A_name_is_copied_without_compression()
    {
        Assert.True(DnsName.TryParse(Response, 43, out var name, out int end));
        Assert.Equal(45, end);
        byte[] copy = new byte[name.Length];
        Assert.Equal(9, name.CopyTo(copy));
        Assert.Equal([2, (byte)'d', (byte)'b', 4, (byte)'a', (byte)'c', (byte)'m', (byte)'e', 0], copy);
    }

    [Fact]
    [Trait("Threat", "25")]
    public void A_message_cut_at_any_length_is_refused()
    {
        for (int length = 0; length < Response.Length; length++)
            Assert.False(DnsView.TryParse(Response.AsSpan(0, length), out _));
    }

    [Fact]
    [Trait("Threat", "25")]
    public void Pointers_that_loop_or_lead_forward_are_refused()
    {
        byte[] itself = [0xC0, 0];
        byte[] forward = [0xC0, 2, 0];
        byte[] pair = [0xC0, 2, 0xC0, 0];
        byte[] intoItself = [1, (byte)'a', 0xC0, 0];
        Assert.False(DnsName.TryParse(itself, 0, out _, out _));
        Assert.False(DnsName.TryParse(forward, 0, out _, out _));
        Assert.False(DnsName.TryParse(pair, 0, out _, out _));
        Assert.False(DnsName.TryParse(pair, 2, out _, out _));
        Assert.False(DnsName.TryParse(intoItself, 0, out _, out _));
        Assert.False(DnsName.TryParse([1], 5, out _, out _));
    }

    [Fact]
    [Trait("Threat", "25")]
    public void Names_of_more_than_255_bytes_and_labels_of_more_than_63_are_refused()
    {
        static byte[] Labels(params int[] lengths) => [.. lengths.SelectMany(length => new[] { (byte)length }.Concat(Enumerable.Repeat((byte)'a', length))), 0];
        Assert.True(DnsName.TryParse(Labels(63, 63, 63, 61), 0, out var longest, out _));
        Assert.Equal(255, longest.Length);
        Assert.False(DnsName.TryParse(Labels(63, 63, 63, 62), 0, out _, out _));
        byte[] tooLong = [64, .. Enumerable.Repeat((byte)'a', 64), 0];
        Assert.False(DnsName.TryParse(tooLong, 0, out _, out _));

        // A long name that grows by a pointer only.
        byte[] grown = [.. Labels(63, 63, 63, 61), 1, (byte)'b', 0xC0, 0];
        Assert.False(DnsName.TryParse(grown, 255, out _, out _));
    }

    [Fact]
    [Trait("Threat", "25")]
    public void A_long_chain_of_pointers_ends()
    {
        byte[] message = new byte[2 * 8000];
        for (int at = 2; at < message.Length; at += 2)
        {
            message[at] = (byte)(0xC0 | (at - 2) >> 8);
            message[at + 1] = (byte)(at - 2);
        }

        Assert.True(DnsName.TryParse(message, message.Length - 2, out var name, out _));
        Assert.True(name.IsRoot);
    }

    [Fact]
    [Trait("Threat", "25")]
    public void Text_holds_no_byte_that_could_be_taken_for_something_else()
    {
        foreach (byte b in new byte[] { (byte)'.', 0, 10, 27, 0x80, (byte)' ', (byte)'"' })
        {
            Assert.True(DnsName.TryParse([2, (byte)'a', b, 0], 0, out var name, out _));
            Assert.False(name.TryWriteText(new char[255], out _));
        }

        Assert.True(DnsName.TryParse([2, (byte)'A', (byte)'_', 1, (byte)'-', 0], 0, out var fine, out _));
        Assert.Equal("a_.-", Text(fine));
        Assert.False(fine.TryWriteText(new char[3], out _));
    }

    [Fact]
    [Trait("Threat", "25")]
    public void More_than_one_question_or_256_records_are_refused()
    {
        byte[] questions = [.. Response[..4], 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 1, 0, 1];
        Assert.False(DnsView.TryParse(questions, out _));
        static byte[] Records(int count) => [0, 0, 0x80, 0, 0, 0, (byte)(count >> 8), (byte)count, 0, 0, 0, 0, .. Enumerable.Repeat(new byte[11], count).SelectMany(b => b)];
        Assert.True(DnsView.TryParse(Records(256), out _));
        Assert.False(DnsView.TryParse(Records(257), out _));
    }

    [Fact]
    public void Mutated_messages_are_walked_as_the_naive_twin_walks_them()
    {
        int accepted = 0;
        var mutation = Gen.Choose(2, Response.Length - 1).SelectMany(at => Gen.Elements<byte>(0, 1, 2, 3, 12, 38, 63, 64, 0xC0, 0xFF).Select(value => (at, value)));
        Prop.ForAll(Gen.ListOf(mutation, 2).ToArbitrary(), mutations =>
        {
            byte[] message = [.. Response];
            foreach (var (at, value) in mutations)
                message[at] = value;
            var expected = NaiveDns.Walk(message);
            bool parsed = DnsView.TryParse(message, out var view);
            if (!parsed || expected is null)
                return parsed == expected is not null;
            accepted++;
            var names = new List<string>();
            if (view.TryGetQuestion(out var question))
                names.Add(Hex(question.Name));
            foreach (var record in view.Records)
                names.Add(Hex(record.Name) + ":" + Convert.ToHexString(record.Data));
            return names.SequenceEqual(expected);
        }).Check(Seeded.Runs(5000));
        Assert.True(accepted > 500);
    }

    private static string Hex(DnsName name)
    {
        byte[] copy = new byte[name.Length];
        name.CopyTo(copy);
        return Convert.ToHexString(copy);
    }

    private static string Text(DnsName name)
    {
        Span<char> text = stackalloc char[DnsName.MaximumLength];
        Assert.True(name.TryWriteText(text, out int length));
        return text[..length].ToString();
    }
}

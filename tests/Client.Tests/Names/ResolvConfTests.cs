using System.Net;
using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Keyhole.Client.Tests.Names;

public sealed class ResolvConfTests
{
    private static readonly IPAddress Own = IPAddress.Parse("127.100.64.53");
    private static readonly IPAddress Other = IPAddress.Parse("127.100.64.54");

    [Fact]
    public void Our_server_comes_first_and_the_others_stay_behind_it()
    {
        string with = Text(ResolvConf.With("search home.lan\nnameserver 192.0.2.1\nnameserver 192.0.2.2"u8, Own));
        var lines = with.Split('\n');
        Assert.StartsWith("# keyhole", lines[0], StringComparison.Ordinal);
        Assert.Equal(["nameserver 127.100.64.53", "search home.lan", "nameserver 192.0.2.1", "nameserver 192.0.2.2"], lines[1..]);
        Assert.Equal(["192.0.2.1:53", "192.0.2.2:53"], Servers(with));
    }

    [Fact]
    public void Servers_are_read_as_resolvers_read_them()
    {
        Assert.Equal(["192.0.2.1:53", "[2001:db8::1]:53", "[fe80::1%3]:53"], Servers("# nameserver 9.9.9.9\nnameserver\t192.0.2.1 # x\r\n nameserver 2001:db8::1\nnameserver\nnameserver x\nnameserver fe80::1%3\nnameserver 127.100.64.53"));

        // A resolver that was told none asks this machine.
        Assert.Equal(["127.0.0.1:53"], Servers("search x"));
        Assert.Equal(["127.0.0.1:53"], Servers(""));

        // Servers of clients that are not marked as such might ask this one in turn.
        Assert.Equal(["192.0.2.1:53", "127.100.64.61:53"], Servers("nameserver 127.100.64.54\nnameserver 192.0.2.1\nnameserver 127.100.64.60\nnameserver 127.100.64.61"));
    }

    [Fact]
    public void Where_servers_take_turns_ours_is_the_only_one_until_it_is_taken_out()
    {
        const string Before = "nameserver 192.0.2.1\noptions ndots:1 rotate\nnameserver 192.0.2.2\n";
        string with = Text(ResolvConf.With(Encoding.UTF8.GetBytes(Before), Own));
        Assert.Equal(["nameserver 127.100.64.53"], with.Split('\n').Where(line => line.StartsWith("nameserver", StringComparison.Ordinal)));
        Assert.Equal(Before, Text(ResolvConf.Without(Encoding.UTF8.GetBytes(with), Own)));
    }

    [Fact]
    public void Clients_stand_before_each_other_and_each_asks_those_behind_it()
    {
        const string Before = "search home.lan\nnameserver 192.0.2.1\n";
        foreach (string before in (string[])[Before, Before + "options rotate\n"])
        {
            string first = Text(ResolvConf.With(Encoding.UTF8.GetBytes(before), Own));
            string both = Text(ResolvConf.With(Encoding.UTF8.GetBytes(first), Other));
            Assert.Equal("nameserver 127.100.64.54", both.Split('\n').First(line => line.StartsWith("nameserver", StringComparison.Ordinal)));
            Assert.Equal(["192.0.2.1:53"], Servers(both));
            Assert.Equal(["127.100.64.53:53", "192.0.2.1:53"], Servers(both, Other));
            // Both find themselves there: nobody writes again.
            Assert.Equal(both, Text(ResolvConf.With(Encoding.UTF8.GetBytes(both), Own)));
            Assert.Equal(both, Text(ResolvConf.With(Encoding.UTF8.GetBytes(both), Other)));
            // Whoever goes first, the other one stays what is asked, and in the end all is as before.
            Assert.Equal(first, Text(ResolvConf.Without(Encoding.UTF8.GetBytes(both), Other)));
            string rest = Text(ResolvConf.Without(Encoding.UTF8.GetBytes(both), Own));
            Assert.Equal(Text(ResolvConf.With(Encoding.UTF8.GetBytes(before), Other)), rest);
            Assert.Equal(before, Text(ResolvConf.Without(Encoding.UTF8.GetBytes(rest), Other)));
        }
    }

    [Fact]
    [Trait("Threat", "26")]
    public void Only_our_lines_are_taken_out_of_what_another_program_wrote_meanwhile()
    {
        string with = Text(ResolvConf.With("nameserver 192.0.2.1\n"u8, Own));
        string changed = with.Replace("nameserver 192.0.2.1", "# by dhclient\nnameserver 192.0.2.9", StringComparison.Ordinal) + "search new.lan\n";
        Assert.Equal("# by dhclient\nnameserver 192.0.2.9\nsearch new.lan\n", Text(ResolvConf.Without(Encoding.UTF8.GetBytes(changed), Own)));
        Assert.Equal("nameserver 192.0.2.9\n", Text(ResolvConf.Without("nameserver 192.0.2.9\n"u8, Own)));
    }

    [Fact]
    [Trait("Threat", "26")]
    public void Whatever_stood_there_comes_back_byte_for_byte()
    {
        var lines = Gen.Elements("nameserver 192.0.2.1", "nameserver ::1", "options rotate", "search a b", "# c", "", " ", "\r", "ü", "\tnameserver 1.1.1.1\r", "nameserver", "\0");
        Prop.ForAll(Gen.ListOf(lines, 6).ToArbitrary(), list =>
        {
            byte[] before = Encoding.UTF8.GetBytes(string.Join('\n', list));
            byte[] with = ResolvConf.With(before, Own);
            return ResolvConf.Without(with, Own).SequenceEqual(before)
                && ResolvConf.Without(before, Own).SequenceEqual(before)
                && ResolvConf.Servers(with, Own).Count > 0;
        }).Check(Seeded.Runs(1000));
    }

    private static string Text(byte[] content) => Encoding.Latin1.GetString(content);

    private static IEnumerable<string> Servers(string text, IPAddress? own = null) => ResolvConf.Servers(Encoding.UTF8.GetBytes(text), own ?? Own).Select(server => server.ToString());
}

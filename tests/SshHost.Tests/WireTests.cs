using System.Net;
using System.Text;
using System.Text.Json;
using Keyhole.Contracts;
using Keyhole.Cryptography;

namespace Keyhole.SshHost.Tests;

/// <summary>What needs no host.</summary>
public class WireTests
{
    private const string Good = "PUT /v1/hosts/a/7 HTTP/1.1\r\nHost: x\r\nContent-Length: 2";

    [Theory]
    [InlineData("PUT /v1/hosts/a/7 HTTP/1.1")]
    [InlineData("PUT /v1/hosts/a/7 HTTP/1.0\r\nHost: x")]
    [InlineData("PUT http://x/v1/hosts/a/7 HTTP/1.1\r\nHost: x")]
    [InlineData("PUT  /v1 HTTP/1.1\r\nHost: x")]
    [InlineData("put /v1 HTTP/1.1\r\nHost: x")]
    [InlineData("PUT /v1 HTTP/1.1\r\nHost: x\r\nhost: y")]
    [InlineData("PUT /v1 HTTP/1.1\r\nHost: x\r\n folded: y")]
    [InlineData("PUT /v1 HTTP/1.1\r\nHost : x")]
    [InlineData("PUT /v1 HTTP/1.1\r\nHost: x\nTransfer-Encoding: chunked")]
    [InlineData("PUT /v1 HTTP/1.1\r\nHost: x\0")]
    [InlineData("")]
    public void A_head_that_could_be_read_in_two_ways_is_refused(string head) => Assert.Null(HttpWire.Parse(head));

    [Theory]
    [InlineData("Content-Length: 2\r\nTransfer-Encoding: chunked", null)]
    [InlineData("Content-Length: +2", null)]
    [InlineData("Content-Length: 2, 2", null)]
    [InlineData("Content-Length: 99999999999", null)]
    [InlineData("Content-Length: 2\r\nExpect: 100-continue", null)]
    [InlineData("X-Other: 1", null)]
    [InlineData("Content-Length: 12", 12)]
    public void The_length_of_a_body_is_said_plainly_or_not_at_all(string headers, int? length) =>
        Assert.Equal(length, HttpWire.BodyLength(HttpWire.Parse("PUT /v1 HTTP/1.1\r\nHost: x\r\n" + headers)!));

    [Fact]
    public async Task A_head_is_read_in_any_pieces_and_never_beyond_its_bound()
    {
        byte[] bytes = Encoding.ASCII.GetBytes(Good + "\r\n\r\n{}");
        for (int piece = 1; piece <= bytes.Length; piece++)
        {
            var read = await HttpWire.ReadHeadAsync(new PiecewiseStream(bytes, piece), CancellationToken.None);
            Assert.Equal(Good, read!.Value.Head);
            Assert.StartsWith(Encoding.ASCII.GetString(read.Value.Behind), "{}", StringComparison.Ordinal);
        }

        Assert.Null(await HttpWire.ReadHeadAsync(new MemoryStream(bytes[..^5]), CancellationToken.None));
        Assert.Null(await HttpWire.ReadHeadAsync(new MemoryStream(Encoding.ASCII.GetBytes(Good + "\r\nX: " + new string('x', HttpWire.MaximumHeadLength) + "\r\n\r\n")), CancellationToken.None));
    }

    [Fact]
    [Trait("Threat", "35")]
    public void A_source_is_refused_for_a_window_after_ten_wrong_keys_and_others_are_not()
    {
        var time = new FixedTimeProvider();
        var limits = new SourceLimits(time);
        var one = IPAddress.Parse("192.0.2.1");
        for (int i = 0; i < SourceLimits.MaximumFailures; i++)
        {
            Assert.True(limits.MayTry(one));
            Assert.Equal(i == 0, limits.Fail(one));
        }

        Assert.False(limits.MayTry(one));
        Assert.True(limits.MayTry(IPAddress.Parse("192.0.2.2")));
        time.Passed += SourceLimits.Window;
        Assert.True(limits.MayTry(one));
    }

    [Fact]
    [Trait("Threat", "35")]
    public void Who_has_not_shown_the_key_makes_room_for_whoever_comes()
    {
        var limits = new SourceLimits(new FixedTimeProvider());
        List<int> dropped = [];
        int next = 0;
        ConnectionPlace? Enter(IPAddress source)
        {
            int number = next++;
            return limits.TryEnter(source, () => dropped.Add(number));
        }

        var places = Enumerable.Range(0, SourceLimits.MaximumConnections).Select(i => Enter(new IPAddress([192, 0, 2, (byte)(i / SourceLimits.MaximumConnectionsPerSource)]))!).ToList();
        Assert.Empty(dropped);
        // Of all when all are taken, of its own when one source has too many; the oldest first, and nobody who has the key.
        places[0].HasKey = places[1].HasKey = true;
        Enter(IPAddress.Parse("198.51.100.1"))!.HasKey = true;
        Assert.Equal([2], dropped);
        Assert.NotNull(Enter(IPAddress.Parse("192.0.2.2")));
        Assert.Equal([2, 2 * SourceLimits.MaximumConnectionsPerSource], dropped);
        foreach (var place in places)
            place.HasKey = true;
        Assert.NotNull(Enter(IPAddress.Parse("198.51.100.2")));
        Assert.Null(Enter(IPAddress.Parse("192.0.2.1")));
        foreach (var place in places)
            limits.Leave(place);
        Assert.NotNull(Enter(IPAddress.Parse("192.0.2.1")));
    }

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1")]
    [InlineData("::ffff:192.0.2.1", "192.0.2.1")]
    [InlineData("127.8.9.10", "127.0.0.1")]
    [InlineData("::1", "127.0.0.1")]
    [InlineData("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::")]
    [InlineData("fe80::1%3", "fe80::")]
    [Trait("Threat", "35")]
    public void What_one_party_has_many_of_is_one_source(string address, string source) => Assert.Equal(IPAddress.Parse(source), SourceLimits.SourceOf(IPAddress.Parse(address)));

    [Fact]
    public void A_row_that_holds_what_does_not_belong_there_is_refused()
    {
        using var acme = new TestAuthority('a');
        HostedResource good = new(acme.Id, 7, "acme", [acme.Line], [5], [1], []);
        Assert.Equal((good, null), RowCheck.Bound(good, null));
        foreach (var bad in new[]
        {
            good with { Authority = "../../etc" }, good with { Authority = new string('A', 32) }, good with { Resource = 0 }, good with { Site = -1 }, good with { Organisation = "a\nb" },
            good with { Trusted = [acme.Line + " comment"] }, good with { Trusted = ["ssh-ed25519 AAAA"] }, good with { Trusted = [acme.Line + "\nssh-ed25519 x"] },
            good with { Trusted = [$"cert-authority {acme.Line}"] }, good with { Users = [0] }, good with { Revoked = [0] }, good with { HostCertificates = [.. Enumerable.Repeat("", 17)] },
            good with { Connectors = ["x"] }, good with { Version = new RowVersion("../x", 1) }, good with { Version = new RowVersion("", -1) },
            good with { Groups = ["a,b"] }, good with { Groups = [null!] }, good with { Sudo = new SshSudo(SshSudoMode.Commands, ["/bin/id *"]) },
        })
        {
            Assert.Throws<AuthDaemonException>(() => RowCheck.Bound(bad, null));
        }
    }

    [Fact]
    [Trait("Promise", "B12")]
    [Trait("Threat", "34")]
    public void A_row_that_is_wrong_in_one_thing_takes_away_what_it_takes_away()
    {
        using var acme = new TestAuthority('a');
        using var next = new TestAuthority('a');
        HostedResource known = new(acme.Id, 7, "acme", [next.Line, acme.Line], [5, 6, 8], [1], ["certificate"]) { Groups = ["one", "two"], Sudo = new SshSudo(SshSudoMode.Full, []) };
        var wrong = known with { Trusted = [next.Line], Users = [6, 9], Revoked = [.. Enumerable.Range(2, 10_001)], Groups = ["two", "three"], Sudo = new SshSudo(SshSudoMode.Commands, ["/bin/id"]), Version = new RowVersion("", 2) };
        var (row, fault) = RowCheck.Bound(wrong, known);
        Assert.NotNull(fault);
        Assert.Equal([next.Line], row.Trusted);
        Assert.Equal([6], row.Users);
        Assert.Equal(10_000, row.Revoked.Count);
        Assert.Equal(AccountRights.Of(["two"], null), row.Rights);
        Assert.Equal(["certificate"], row.HostCertificates);
        Assert.Equal(wrong.Version, row.Version);
    }

    [Fact]
    [Trait("Threat", "34")]
    public void Who_runs_as_root_of_the_host_brings_an_organisation_and_speaks_for_no_other()
    {
        using var acme = new TestAuthority('a');
        using var globex = new TestAuthority('b');
        Speaker first = new("one", IsHere: true), second = new("two", IsHere: true);
        var state = new HostState();
        HostedResource ofAcme = new(acme.Id, 7, "acme", [acme.Line], [5], [], []), ofGlobex = ofAcme with { Authority = globex.Id };
        Assert.False(SpeakerCheck.CheckRow(state, ofAcme, first, default));
        state = state.After(ofAcme, first.Connector, isMet: false);
        Assert.True(SpeakerCheck.CheckRow(state, ofAcme, first, default));
        Assert.False(SpeakerCheck.CheckRow(state, ofGlobex, second, default));
        Assert.Equal(AuthDaemonFault.Forbidden, Assert.Throws<AuthDaemonException>(() => SpeakerCheck.CheckRow(state, ofAcme, second, default)).Fault);
        Assert.Equal(AuthDaemonFault.Forbidden, Assert.Throws<AuthDaemonException>(() => SpeakerCheck.CheckRow(state, ofGlobex, second with { IsHere = false }, default)).Fault);
    }

    [Fact]
    public async Task What_a_program_of_the_host_leaves_behind_is_not_waited_for()
    {
        var result = await HostProgram.RunAsync("sh", ["-c", "sleep 600 & echo $!"]);
        Assert.Equal(0, result.Status);
        int left = int.Parse(result.Output, null);
        Assert.True(Signals.Send(left, Signals.Kill));
    }

    [Fact]
    public void The_largest_row_fits_into_a_request()
    {
        using var acme = new TestAuthority('a');
        var row = new SshRow(7, acme.Id, null, [.. Enumerable.Repeat(acme.Line, 16)], [.. Enumerable.Range(1_000_000_000, 100_000)], [.. Enumerable.Range(0, 10_000).Select(i => long.MaxValue - i)], [.. Enumerable.Repeat(new string('x', 4_000), 16)]);
        Assert.InRange(JsonSerializer.SerializeToUtf8Bytes(HostRequest.From("acme", row, Tables.Next()), SshHostJson.Default.HostRequest).Length, 1, HttpWire.MaximumBodyLength);
    }

    [Fact]
    public void Sudoers_says_no_password_unless_there_is_one()
    {
        Assert.Null(SudoersFragment.TextFor("ada", new SshSudo(SshSudoMode.None, []), hasPassword: false));
        Assert.EndsWith("\nada ALL=(ALL:ALL) NOPASSWD: ALL\n", SudoersFragment.TextFor("ada", new SshSudo(SshSudoMode.Full, []), hasPassword: false), StringComparison.Ordinal);
        Assert.EndsWith("\nada ALL=(ALL:ALL) ALL\n", SudoersFragment.TextFor("ada", new SshSudo(SshSudoMode.Full, []), hasPassword: true), StringComparison.Ordinal);
        Assert.EndsWith("\nada ALL=(root) NOPASSWD: /bin/a x\\,y\\:z, /bin/b\n", SudoersFragment.TextFor("ada", new SshSudo(SshSudoMode.Commands, ["/bin/a x,y:z", "/bin/b"]), hasPassword: false), StringComparison.Ordinal);
        Assert.Throws<AuthDaemonException>(() => SudoersFragment.TextFor("ada", new SshSudo(SshSudoMode.Commands, []), hasPassword: false));
    }

    [Fact]
    [Trait("Threat", "35")]
    public void A_proof_is_of_one_connector_for_one_request_to_one_daemon()
    {
        using var daemon = PrivateKey.Generate(RandomSource.System);
        using var connector = PrivateKey.Generate(RandomSource.System);
        using var other = PrivateKey.Generate(RandomSource.System);
        byte[] subject = [1, 2, 3], body = [4, 5];
        byte[] proof = RequestProof.Make(connector, daemon.PublicKey, "PUT", "/v1", body, subject)!;
        Assert.Equal(proof, RequestProof.Make(daemon, connector.PublicKey, "PUT", "/v1", body, subject));
        foreach (byte[]? another in new[]
        {
            RequestProof.Make(other, daemon.PublicKey, "PUT", "/v1", body, subject), RequestProof.Make(connector, other.PublicKey, "PUT", "/v1", body, subject),
            RequestProof.Make(connector, daemon.PublicKey, "POST", "/v1", body, subject), RequestProof.Make(connector, daemon.PublicKey, "PUT", "/v1/x", body, subject),
            RequestProof.Make(connector, daemon.PublicKey, "PUT", "/v1", [4], subject), RequestProof.Make(connector, daemon.PublicKey, "PUT", "/v1", body, [1, 2, 4]),
        })
        {
            Assert.NotEqual(proof, another);
        }

        // A point of low order agrees with everybody.
        Assert.Null(RequestProof.Make(connector, new PublicKey(new byte[PublicKey.Length]), "PUT", "/v1", body, subject));
    }

    [Theory]
    [InlineData("short")]
    [InlineData("23 characters with space!")]
    [InlineData("only-twenty-three-chars")]
    public void A_pre_shared_key_that_could_be_guessed_or_sent_wrongly_is_refused(string key) => Assert.Throws<AuthDaemonException>(() => new PreSharedKey(key, "a test"));

    private sealed class FixedTimeProvider : TimeProvider
    {
        public TimeSpan Passed { get; set; }

        public override long GetTimestamp() => Passed.Ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;
    }

    private sealed class PiecewiseStream(byte[] bytes, int piece) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => base.ReadAsync(buffer[..Math.Min(piece, buffer.Length)], cancellationToken);
    }
}

using Keyhole.Contracts;
using Keyhole.SshHost;

namespace Keyhole.Connector.Tests;

public class SshSitesTests
{
    private static readonly SshDaemon External = new("10.0.0.9", 22123, null);

    [Fact]
    [Trait("Promise", "B5")]
    public async Task A_host_is_told_its_row_at_once_at_each_change_and_every_ten_minutes()
    {
        await using var harness = new SshHarness();
        harness.Apply(SshHarness.Row(users: 1));
        var wait = Assert.Single(await harness.RestAsync());
        Assert.InRange(wait, SshSite.Refresh * 0.9, SshSite.Refresh);
        Assert.Equal(SshHarness.Row(users: 1), Assert.Single(harness.Local.Rows));

        harness.Apply(SshHarness.Row(users: 1));
        harness.Apply(SshHarness.Row(users: [1, 2]));
        await SshHarness.Until(() => harness.Local.Rows.Count == 2);
        Assert.Equal([1, 2], harness.Local.Rows.Last().Users);

        wait = Assert.Single(await harness.RestAsync());
        harness.Time.Advance(wait);
        await SshHarness.Until(() => harness.Local.Rows.Count == 3);
        Assert.Equal("ready", harness.State("vm-7"));
    }

    [Fact]
    public async Task A_daemon_that_is_away_is_asked_again_after_5_to_60_seconds_and_the_reason_is_logged_once()
    {
        await using var harness = new SshHarness();
        harness.Local.Error = "The daemon is away.";
        harness.Apply(SshHarness.Row(users: 1));
        var waits = new List<TimeSpan>();
        for (int attempt = 1; attempt <= 8; attempt++)
        {
            await SshHarness.Until(() => harness.Local.Rows.Count == attempt);
            waits.Add(Assert.Single(await harness.RestAsync()));
            harness.Time.Advance(waits[^1]);
        }

        Assert.All(waits, wait => Assert.InRange(wait, SshSite.ShortestRetry, SshSite.LongestRetry));
        Assert.Equal(waits.Order(), waits);
        Assert.True(waits[^1] >= SshSite.LongestRetry / 2);
        Assert.Equal("failed", harness.State("vm-7"));
        Assert.Contains("The daemon is away.", Assert.Single(harness.Lines), StringComparison.Ordinal);

        harness.Local.Error = null;
        await SshHarness.Until(() => harness.Local.Rows.Count == 9);
        harness.Time.Advance(Assert.Single(await harness.RestAsync()));
        await SshHarness.Until(() => harness.State("vm-7") == "ready");
        Assert.Equal(2, harness.Lines.Count);
    }

    [Fact]
    public async Task A_table_shortens_the_wait_after_a_failure_but_not_below_five_seconds()
    {
        await using var harness = new SshHarness();
        harness.Local.Error = "away";
        harness.Apply(SshHarness.Row(users: 1));
        for (int attempt = 1; attempt <= 6; attempt++)
        {
            await SshHarness.Until(() => harness.Local.Rows.Count == attempt);
            harness.Time.Advance(Assert.Single(await harness.RestAsync()));
        }

        await SshHarness.Until(() => harness.Local.Rows.Count == 7);
        Assert.True(Assert.Single(await harness.RestAsync()) > SshSite.ShortestRetry);
        harness.Apply(SshHarness.Row(users: 1));
        await SshHarness.Until(() => harness.Time.Pending is [var wait] && wait == SshSite.ShortestRetry);
        Assert.Equal(7, harness.Local.Rows.Count);
    }

    [Fact]
    public async Task One_host_that_hangs_holds_up_no_other_and_is_given_up_after_a_while()
    {
        await using var harness = new SshHarness();
        var hanging = new FakeDaemon { Gate = new TaskCompletionSource().Task };
        harness.Remote["10.0.0.9"] = hanging;
        harness.Follow();
        harness.Apply(SshHarness.Row(1, External, 1), SshHarness.Row(2, null, 1));
        await SshHarness.Until(() => harness.State("vm-2") == "ready" && hanging.Rows.Count == 1 && harness.Time.Pending.Count == 2);
        Assert.Equal("waiting", harness.State("vm-1"));
        harness.Time.Advance(SshSite.Patience);
        await SshHarness.Until(() => harness.State("vm-1") == "failed");
        Assert.Contains("10.0.0.9:22123 did not finish within 100 s", (string?)harness.Sites.Describe()[0]!["error"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Control_hears_what_a_host_shows_and_only_what_is_new()
    {
        await using var harness = new SshHarness();
        harness.Follow();
        harness.Apply(SshHarness.Row(users: 1));
        await SshHarness.Until(() => harness.Told.Count == 1);
        var message = harness.Told.Single();
        Assert.Equal((7, null, null), (message.Resource, message.Pin, message.Error));
        Assert.Equal(["ssh-ed25519 HOST"], message.HostKeys);
        Assert.Equal(["ssh-ed25519 CA2", "ssh-ed25519 CA1"], message.Trusted);

        harness.Time.Advance(Assert.Single(await harness.RestAsync()));
        await SshHarness.Until(() => harness.Local.Rows.Count == 2);
        await harness.RestAsync();
        Assert.Single(harness.Told);

        harness.Local.Error = "The disk\nis full.";
        harness.Apply(SshHarness.Row(users: [1, 2]));
        await SshHarness.Until(() => harness.Told.Count == 2);
        message = harness.Told.Last();
        Assert.DoesNotContain("\n", message.Error, StringComparison.Ordinal);
        Assert.Equal(["ssh-ed25519 HOST"], message.HostKeys);

        var again = new List<SshHostMessage>();
        harness.Sites.Follow(again.Add).Dispose();
        Assert.Same(message, Assert.Single(again));
    }

    [Fact]
    [Trait("Threat", "35")]
    public async Task A_daemon_of_another_host_cannot_claim_keys_of_others_nor_flood_Control()
    {
        await using var harness = new SshHarness();
        var daemon = new FakeDaemon { Show = _ => new SshHostState(["ssh-ed25519 HOST"], ["ssh-ed25519 EVIL", "ssh-ed25519 CA1"], Convert.ToBase64String(new byte[32])) };
        harness.Remote["10.0.0.9"] = daemon;
        harness.Follow();
        harness.Apply(SshHarness.Row(7, External, 1));
        await SshHarness.Until(() => harness.Told.Count == 1);
        Assert.Equal(["ssh-ed25519 CA1"], harness.Told.Single().Trusted);

        daemon.Show = _ => new SshHostState([.. Enumerable.Repeat(new string('A', 100_000), 10)], [], Convert.ToBase64String(new byte[32]));
        harness.Apply(SshHarness.Row(7, External, 1, 2));
        await SshHarness.Until(() => harness.Told.Count == 2);
        Assert.Contains("host keys that no SSH server has", harness.Told.Last().Error, StringComparison.Ordinal);
        Assert.Equal(["ssh-ed25519 HOST"], harness.Told.Last().HostKeys);
    }

    [Fact]
    public async Task A_host_that_leaves_the_table_is_withdrawn_once()
    {
        await using var harness = new SshHarness();
        harness.Follow();
        harness.Apply(SshHarness.Row(users: 1));
        await harness.RestAsync();
        harness.Apply();
        await SshHarness.Until(() => harness.Local.Rows.Count == 2 && harness.Time.Pending.Count == 0);
        var last = harness.Local.Rows.Last();
        Assert.Equal((0, 0), (last.Users.Count, last.Trusted.Count));
        Assert.Empty(harness.Sites.Describe());
        Assert.Single(harness.Told);

        harness.Apply(SshHarness.Row(users: 1));
        await SshHarness.Until(() => harness.Local.Rows.Count == 3);
        Assert.Equal([1], harness.Local.Rows.Last().Users);
    }

    [Fact]
    [Trait("Promise", "B12")]
    [Trait("Threat", "34")]
    public async Task A_host_that_cannot_be_withdrawn_is_told_as_soon_as_it_is_back()
    {
        await using var harness = new SshHarness();
        harness.Apply(SshHarness.Row(users: 1));
        await harness.RestAsync();
        harness.Local.Error = "away";
        harness.Apply();
        for (int attempt = 1; attempt < SshSite.Farewells; attempt++)
        {
            await SshHarness.Until(() => harness.Local.Rows.Count == 1 + attempt);
            harness.Time.Advance(Assert.Single(await harness.RestAsync()));
        }

        await SshHarness.Until(() => harness.Lines.Any(line => line.Contains("could not be locked: away", StringComparison.Ordinal)));
        Assert.Equal(1 + SshSite.Farewells, harness.Local.Rows.Count);
        await harness.RestAsync();
        harness.Local.Error = null;
        harness.Time.Advance(SshSite.FarewellInterval);
        await SshHarness.Until(() => harness.Lines.Any(line => line.Contains("its accounts are locked", StringComparison.Ordinal)));
        Assert.Equal(2 + SshSite.Farewells, harness.Local.Rows.Count);
        await SshHarness.Until(() => harness.Time.Pending.Count == 0);
    }

    [Fact]
    [Trait("Promise", "B12")]
    [Trait("Threat", "34")]
    public async Task A_resource_that_leaves_while_the_connector_is_down_is_withdrawn_after_its_start()
    {
        string directory = Directory.CreateTempSubdirectory("keyhole-met").FullName;
        try
        {
            string file = Path.Combine(directory, "met.json");
            await using (var before = new SshHarness(file))
            {
                before.Follow();
                before.Apply(SshHarness.Row(1, External, 1), SshHarness.Row(2, null, 1), SshHarness.Row(3, null, 1));
                await before.RestAsync(3);
            }

            await using (var harness = new SshHarness(file))
            {
                var remote = harness.Remote.GetOrAdd(External.Host, _ => new FakeDaemon());
                // What may be outdated ends nobody's access.
                harness.Apply(SshHarness.Row(3, null, 1));
                await SshHarness.Until(() => harness.State("vm-3") == "ready");
                Assert.Equal(3, Assert.Single(harness.Local.Rows).Resource);
                Assert.Empty(remote.Rows);
                harness.Follow();
                await SshHarness.Until(() => harness.Local.Rows.Count == 2 && remote.Rows.Count == 1);
                Assert.Equal((2, 0, 0), (harness.Local.Rows.Last().Resource, harness.Local.Rows.Last().Users.Count, harness.Local.Rows.Last().Trusted.Count));
                Assert.Equal((1, 0, 0), (remote.Rows.Last().Resource, remote.Rows.Last().Users.Count, remote.Rows.Last().Trusted.Count));
                await harness.RestAsync();
            }

            await using var last = new SshHarness(file);
            last.Follow();
            last.Apply();
            await SshHarness.Until(() => last.Local.Rows.Count == 1);
            Assert.Equal(3, last.Local.Rows.Single().Resource);
            Assert.Empty(last.Remote);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    [Trait("Promise", "B12")]
    public async Task A_daemon_that_is_away_when_its_resource_goes_elsewhere_is_told_later()
    {
        await using var harness = new SshHarness();
        harness.Follow();
        harness.Apply(SshHarness.Row(7, External, 1));
        await harness.RestAsync();
        var old = harness.Remote["10.0.0.9"];
        old.Error = "away";
        harness.Apply(SshHarness.Row(7, null, 1));
        await SshHarness.Until(() => harness.State("vm-7") == "ready" && old.Rows.Count == 2);
        await harness.RestAsync();
        old.Error = null;
        harness.Time.Advance(SshSite.FarewellInterval);
        await SshHarness.Until(() => old.Rows.Count == 3);
        Assert.Empty(old.Rows.Last().Users);
        await SshHarness.Until(() => harness.Lines.Any(line => line.Contains("its accounts are locked", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task What_Control_has_forgotten_it_is_told_again_and_nothing_else_twice()
    {
        await using var harness = new SshHarness();
        harness.Follow();
        var certified = SshHarness.Row(users: 1) with { HostCertificates = ["certificate"] };
        foreach (var row in new[] { SshHarness.Row(users: 1), certified, certified with { HostCertificates = ["other"] } })
        {
            harness.Apply(row);
            await SshHarness.Until(() => harness.Local.Rows.LastOrDefault() == row);
            await harness.RestAsync();
            Assert.Single(harness.Told);
        }

        harness.Apply(SshHarness.Row(users: 1));
        await SshHarness.Until(() => harness.Told.Count == 2);
        Assert.Equal(harness.Told.First().HostKeys, harness.Told.Last().HostKeys);
        harness.Apply(SshHarness.Row(users: [1, 2]));
        await SshHarness.Until(() => harness.Local.Rows.Last().Users.Count == 2);
        await harness.RestAsync();
        Assert.Equal(2, harness.Told.Count);
    }

    [Fact]
    public async Task A_host_that_returns_while_it_is_withdrawn_is_served_again()
    {
        await using var harness = new SshHarness();
        harness.Apply(SshHarness.Row(users: 1));
        await harness.RestAsync();
        var gate = new TaskCompletionSource();
        harness.Local.Gate = gate.Task;
        harness.Apply();
        await SshHarness.Until(() => harness.Local.Rows.Count == 2);
        harness.Apply(SshHarness.Row(users: [1, 2]));
        gate.SetResult();
        await SshHarness.Until(() => harness.Local.Rows.Count == 3 && harness.State("vm-7") == "ready");
        Assert.Equal([1, 2], harness.Local.Rows.Last().Users);
    }

    [Fact]
    public async Task A_host_whose_daemon_moves_is_withdrawn_there_before_it_is_served_here()
    {
        await using var harness = new SshHarness();
        harness.Follow();
        harness.Apply(SshHarness.Row(7, null, 1));
        await harness.RestAsync();
        harness.Apply(SshHarness.Row(7, External, 1));
        await SshHarness.Until(() => harness.Remote.TryGetValue("10.0.0.9", out var remote) && remote.Rows.Count == 1);
        Assert.Empty(harness.Local.Rows.Last().Users);
        await harness.RestAsync();

        harness.Apply(SshHarness.Row(7, External with { Pin = Convert.ToBase64String(new byte[32]) }, 1));
        await SshHarness.Until(() => harness.Remote["10.0.0.9"].Rows.Count == 2);
        Assert.All(harness.Remote["10.0.0.9"].Rows, row => Assert.Equal([1], row.Users));
    }

    [Fact]
    [Trait("Promise", "B12")]
    public async Task A_daemon_on_another_host_hears_no_table_that_may_be_outdated()
    {
        await using var harness = new SshHarness();
        var remote = harness.Remote.GetOrAdd(External.Host, _ => new FakeDaemon());
        harness.Apply(SshHarness.Row(1, External, 1), SshHarness.Row(2, null, 1));
        // The table on disk: the connector's own host follows it.
        await SshHarness.Until(() => harness.State("vm-2") == "ready");
        Assert.Empty(remote.Rows);
        Assert.Equal("waiting", harness.State("vm-1"));

        var control = harness.Follow();
        await SshHarness.Until(() => harness.State("vm-1") == "ready");
        await harness.RestAsync(2);
        control.Dispose();
        harness.Time.Advance(SshSite.Refresh);
        await SshHarness.Until(() => harness.Local.Rows.Count == 2);
        harness.Apply();
        await SshHarness.Until(() => harness.Local.Rows.Count == 3 && harness.Time.Pending.Count == 0);
        Assert.Single(remote.Rows);

        harness.Apply(SshHarness.Row(1, External, 1, 2));
        harness.Follow();
        await SshHarness.Until(() => remote.Rows.Count == 2);
        Assert.Equal([1, 2], remote.Rows.Last().Users);
    }

    [Fact]
    [Trait("Promise", "B12")]
    [Trait("Threat", "34")]
    public async Task What_is_said_to_a_host_is_said_from_the_newest_table_and_one_that_expired_is_none()
    {
        await using var harness = new SshHarness();
        harness.Apply(SshHarness.Row(users: 1));
        await harness.RestAsync();
        harness.Apply(SshHarness.Row(users: [1, 2]));
        await SshHarness.Until(() => harness.Local.Rows.Count == 2);
        await harness.RestAsync();
        // No news for this host, and then the time of the table is over.
        harness.Apply(SshHarness.Row(users: [1, 2]));
        harness.Expire();
        await SshHarness.Until(() => harness.Local.Rows.Count == 3 && harness.Time.Pending.Count == 0);
        Assert.Empty(harness.Local.Rows.Last().Users);
        Assert.Equal([new RowVersion("a1", 1), new RowVersion("a1", 2), new RowVersion("a1", 3)], harness.Local.Versions);
    }

    [Fact]
    [Trait("Promise", "B12")]
    public async Task A_table_that_never_was_withdraws_nothing()
    {
        string directory = Directory.CreateTempSubdirectory("keyhole-met").FullName;
        try
        {
            string file = Path.Combine(directory, "met.json");
            await using (var before = new SshHarness(file))
            {
                before.Apply(SshHarness.Row(users: 1));
                await before.RestAsync();
            }

            await using var harness = new SshHarness(file);
            harness.Follow();
            harness.Expire();
            harness.Apply(SshHarness.Row(users: 1));
            await harness.RestAsync();
            Assert.Equal([1], Assert.Single(harness.Local.Rows).Users);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    [Trait("Promise", "B12")]
    public async Task A_host_that_was_told_something_newer_is_left_alone_until_the_next_table()
    {
        await using var harness = new SshHarness();
        harness.Apply(SshHarness.Row(users: 1));
        await harness.RestAsync();
        (harness.Local.Error, harness.Local.Fault) = ("newer", AuthDaemonFault.Conflict);
        harness.Apply(SshHarness.Row(users: [1, 2]));
        await SshHarness.Until(() => harness.Local.Rows.Count == 2);
        Assert.Equal(SshSite.Refresh, Assert.Single(await harness.RestAsync()));
        Assert.Equal("ready", harness.State("vm-7"));
        Assert.Single(harness.Lines);
        harness.Local.Error = null;
        harness.Apply(SshHarness.Row(users: [1, 3]));
        await SshHarness.Until(() => harness.Local.Rows.Count == 3);
        Assert.Equal([1, 3], harness.Local.Rows.Last().Users);
    }

    [Fact]
    [Trait("Promise", "B12")]
    public async Task Where_no_newer_table_comes_Control_hears_that_it_is_behind()
    {
        await using var harness = new SshHarness();
        harness.Follow();
        (harness.Local.Error, harness.Local.Fault) = ("newer", AuthDaemonFault.Conflict);
        harness.Apply(SshHarness.Row(users: 1));
        Assert.Equal(SshSite.Refresh, Assert.Single(await harness.RestAsync()));
        Assert.Empty(harness.Told);
        harness.Time.Advance(SshSite.Refresh);
        await SshHarness.Until(() => harness.Local.Rows.Count == 2 && !harness.Told.IsEmpty);
        Assert.Equal("newer", Assert.Single(harness.Told).Error);
        Assert.Equal("failed", harness.State("vm-7"));
    }

    [Fact]
    [Trait("Promise", "B12")]
    public async Task The_same_table_of_another_server_takes_no_host_back()
    {
        await using var harness = new SshHarness();
        harness.ApplyAt(80, SshHarness.Row(users: 1));
        await harness.RestAsync();
        harness.ApplyAt(55, SshHarness.Row(users: 1));
        harness.ApplyAt(55, SshHarness.Row(users: [1, 2]));
        await SshHarness.Until(() => harness.Local.Rows.Count == 2);
        await harness.RestAsync();
        harness.Expire();
        await SshHarness.Until(() => harness.Local.Rows.Count == 3);
        Assert.All(harness.Local.Versions, version => Assert.Equal(new RowVersion("a1", 80), version));
    }
}

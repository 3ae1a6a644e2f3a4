using System.Text.Json.Nodes;
using Keyhole.Lab;

namespace Keyhole.SshHost.Tests;

/// <summary>kill -9 between any two steps: whoever comes after finishes what was begun, and nothing stands twice.</summary>
public class CrashTests
{
    [LabFact("sshd", "sudo", "useradd")]
    [Trait("Threat", "38")]
    public async Task Whatever_moment_the_daemon_is_killed_at_the_next_order_finds_one_account()
    {
        using var host = new DaemonHost();
        using var acme = new TestAuthority('a');
        var random = new Random(TestSeed.Next());
        var row = DaemonHost.Row(acme, [.. Enumerable.Range(1, 8)]);
        await host.Remote.ReconcileAsync("acme", row);
        for (int user = 1; user <= 8; user++)
        {
            var cut = host.Remote.ProvisionAsync(row, DaemonHost.Order(user));
            await Task.Delay(random.Next(150));
            host.KillDaemon();
            await Task.WhenAny(cut);
            host.StartDaemon();
            var account = await host.Remote.ProvisionAsync(row, DaemonHost.Order(user));
            if (cut.IsCompletedSuccessfully)
                Assert.Equal(await cut, account);
            else
                Assert.IsType<AuthDaemonException>(cut.Exception!.InnerException);
        }

        var known = JsonNode.Parse(host.Host.Read(DaemonHost.StateFile))!["accounts"]!.AsArray();
        string[][] ours = [.. host.Host.Read("/etc/passwd").Split('\n').Select(line => line.Split(':')).Where(fields => fields.Length == 7 && fields[4].StartsWith("Keyhole ", StringComparison.Ordinal))];
        Assert.Equal(8, ours.Length);
        Assert.Equal(ours.Select(fields => $"{fields[0]} {fields[2]} {fields[4]}").Order(), known.Select(account => $"{account!["name"]} {account["uid"]} Keyhole {acme.Id} {account["user"]}").Order());
        Assert.All(ours, fields => Assert.True(Directory.Exists(host.Host.PathOf(fields[5]))));
        Assert.All(known, account => Assert.True((bool)account!["isSettled"]!));
    }

    [LabFact("sshd", "sudo", "useradd")]
    [Trait("Threat", "38")]
    public async Task An_account_is_finished_from_each_step_at_which_its_making_was_cut_off()
    {
        using var host = new DaemonHost();
        using var acme = new TestAuthority('a');
        var row = DaemonHost.Row(acme, [5]);
        await host.Remote.ReconcileAsync("acme", row);
        await host.Remote.ProvisionAsync(row, DaemonHost.Order());

        // Noted, and not made.
        host.StopDaemon();
        host.ChangeState(state => (state["accounts"]![0]!["uid"], state["accounts"]![0]!["isSettled"]) = (0, false));
        host.Host.Run("userdel", "-r", "ada");
        host.StartDaemon();
        Assert.Empty(host.Principals("ada"));
        Assert.Equal("ada", (await host.Remote.ProvisionAsync(row, DaemonHost.Order())).Name);

        // Made, and its number not noted.
        host.StopDaemon();
        host.ChangeState(state => (state["accounts"]![0]!["uid"], state["accounts"]![0]!["isSettled"]) = (0, false));
        host.StartDaemon();
        Assert.Equal("ada", (await host.Remote.ProvisionAsync(row, DaemonHost.Order())).Name);
        Assert.Single(host.Principals("ada"));

        // Made without its home directory.
        host.StopDaemon();
        host.ChangeState(state => (state["accounts"]![0]!["uid"], state["accounts"]![0]!["isSettled"]) = (0, false));
        host.Host.Run("rm", "-rf", "/home/ada", "/var/mail/ada");
        host.StartDaemon();
        Assert.Equal("ada", (await host.Remote.ProvisionAsync(row, DaemonHost.Order())).Name);
        Assert.True(Directory.Exists(host.Host.PathOf("/home/ada")));

        // To be locked, and not locked yet.
        host.StopDaemon();
        host.ChangeState(state =>
        {
            (state["accounts"]![0]!["isLocked"], state["accounts"]![0]!["isSettled"]) = (true, false);
            state["resources"]![0]!["users"] = new JsonArray();
        });
        host.Host.Run("rm", "/etc/ssh/keyhole/ca.pub");
        Assert.Empty(host.Principals("ada"));
        host.StartDaemon();
        // Whether a connector comes or not.
        DaemonHost.Await(() => host.IsLocked("ada") && host.Host.Read("/etc/ssh/keyhole/ca.pub").Contains(acme.Line, StringComparison.Ordinal), "What was begun is not finished.");
    }
}

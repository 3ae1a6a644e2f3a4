using System.Text.RegularExpressions;
using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>One host that is a resource of two sites.</summary>
public sealed partial class SshTests
{
    [LabFact("sshd", "ssh", "sudo", "setpriv", "curl")]
    [Trait("Promise", "B6"), Trait("Promise", "B12"), Trait("Threat", "35")]
    public void The_connectors_of_two_sites_serve_one_host_and_each_lets_go_of_its_own()
    {
        const string Way = "way.acme.internal";
        Printed(Ada.Ssh(Vm2, "true"));
        string last = "";
        string sites = SshNetwork.Acme().Replace("{ name: office, connectors: [office-1] }", "{ name: office, connectors: [office-1] }\n  - { name: branch, connectors: [branch-1] }", StringComparison.Ordinal);
        try
        {
            Network.Apply(sites
                .Replace("roles: [staff]\nmachines", $"  - {{ name: way, site: branch, destination: {SshWorld.Vm2}, alias: {Way}, tcp: \"22\", ssh: {{ daemon: external, port: {SshNetwork.OtherPort} }} }}\nroles: [staff]\nmachines", StringComparison.Ordinal)
                .Replace("grants:\n", "grants:\n  - { resource: way, roles: [staff] }\n", StringComparison.Ordinal));
            Network.StartConnector(World.BastionHost.Network, "branch-1", "--ad-pre-shared-key-file", shared.Network.KeyFile);

            // The pre-shared key alone does not let it speak there.
            Match refused = Match.Empty;
            Network.Until("the second site's connector is refused", s_patience,
                () => (refused = Regex.Match(last = Bob.Ssh(Way, "true").Error, "'keyhole auth-daemon admit --authority ([0-9a-f]{32})'")).Success, () => last);
            World.Vm2Host.Run("keyhole", "auth-daemon", "admit", "--authority", refused.Groups[1].Value);
            Network.Until("people are let in by the second site", 3 * s_patience,
                () => Bob.Ssh(Way, "id -un") is var (status, output, error) && (last = error) is not null && (status, output) == (0, "bob\n"), () => last);
            Assert.Equal("bob\n", Printed(Bob.Ssh(Vm2, "id -un")));
            Assert.Equal(2, PrincipalsOf(World.Vm2Host, "bob").Length);
            Network.Apply(sites);
            Network.Until("the second site's way is closed", s_patience, () => PrincipalsOf(World.Vm2Host, "bob").Length == 1);
        }
        finally
        {
            Network.Apply(SshNetwork.Acme());
        }

        Network.Until("the first site's way is open", s_patience, () => Bob.Ssh(Vm2, "id -un") is var (status, output, error) && (last = error) is not null && (status, output) == (0, "bob\n"), () => last);
    }
}

using Keyhole.Contracts;
using Keyhole.Tunnel;

namespace Keyhole.Client.Tests.Names;

public sealed class SystemdResolverTests
{
    [Fact]
    [Trait("Promise", "D9")]
    public void Only_granted_suffixes_and_the_reverse_zones_of_named_addresses_lead_here()
    {
        Assert.Equal(
            ["~apps.acme", "~web.acme", "~0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa", "~0.96.100.in-addr.arpa"],
            SystemdResolver.DomainsOf(Names("web.acme", "*.apps.acme", "db.apps.acme")));
        Assert.Empty(SystemdResolver.DomainsOf(NameTable.None));
    }

    [Fact]
    public void More_than_resolved_takes_become_one_that_leads_everything_here()
    {
        Assert.Equal(["~."], SystemdResolver.DomainsOf(Names([.. Enumerable.Range(0, 300).Select(index => $"host{index}.acme")])));
    }

    private static NameTable Names(params string[] aliases) => new(aliases.Select((alias, index) =>
        new ResourceRow(index + 1, 1, alias, "192.168.1.20", [$"100.96.{index >> 8}.{index & 255}/32", $"fd00::{index & 255:x}/128"], alias, [], [], true)));
}

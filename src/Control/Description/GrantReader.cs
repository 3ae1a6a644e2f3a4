namespace Keyhole.Control;

/// <summary>Reads one entry of "grants": a resource and who gets it.</summary>
internal sealed class GrantReader(
    Findings findings,
    Definitions resources,
    Definitions roles,
    Definitions users,
    Definitions machines,
    Definitions externalClients)
{
    private static readonly string[] Lists = ["roles", "users", "machines", "external-clients"];

    private const string Fix = "write { resource: web, roles: [staff] }";

    public IReadOnlyList<GrantDescription>? Read(Node item, string path)
    {
        if (item is not MappingNode mapping)
        {
            findings.Add(item, path, $"this is {item.Kind}, a group of keys is needed", Fix);
            return null;
        }

        var section = new Section(mapping, path, findings, ["resource", .. Lists]);
        string? resource = section.Require("resource", "name the resource that is granted") is { } name ? resources.Resolve(name, section.PathOf("resource")) : null;
        var principals = Principals(section, "roles", PrincipalKind.Role, roles)
            .Concat(Principals(section, "users", PrincipalKind.User, users))
            .Concat(Principals(section, "machines", PrincipalKind.Machine, machines))
            .Concat(Principals(section, "external-clients", PrincipalKind.ExternalClient, externalClients))
            .ToList();
        if (Lists.All(key => section.Find(key) is null or SequenceNode { Items.Count: 0 }))
            findings.Add(item, path, "the grant is for nobody: all its lists are empty", "name a role, user, machine or external client, or remove the grant");
        return resource is null ? null : [.. principals.Select(principal => new GrantDescription(resource, principal.Kind, principal.Name))];
    }

    private static List<(PrincipalKind Kind, string Name)> Principals(Section section, string key, PrincipalKind kind, Definitions definitions) =>
        [.. definitions.ResolveEach(section, key).Select(name => (kind, name))];
}

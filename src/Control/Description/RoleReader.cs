namespace Keyhole.Control;

/// <summary>Reads one entry of "roles": "staff", or { name: helpdesk, permissions: ["devices:read"] }.</summary>
internal sealed class RoleReader(Findings findings, Definitions roles)
{
    /// <returns>Null for a fixed role too: it may be named, but is there anyway.</returns>
    public RoleDescription? Read(Node item, string path)
    {
        var section = item is MappingNode mapping ? new Section(mapping, path, findings, "name", "permissions") : null;
        var name = section is null ? item : section.Require("name", "write name: and a name");
        if (name is ScalarNode { IsNull: false } text && FixedRoles.Contains(text.Value))
        {
            if (section?.Find("permissions") is { } permissions)
                findings.Add(permissions, section.PathOf("permissions"), $"what the role {text.Value} may do is fixed", "leave the key out, or use another name");
            return null;
        }

        if (name is null || roles.DefineName(name, section?.PathOf("name") ?? path) is not { } defined)
            return null;
        return new RoleDescription(defined, section is null ? [] : ReadPermissions(section));
    }

    private ValueList<string> ReadPermissions(Section section)
    {
        var held = new HashSet<string>(StringComparer.Ordinal);
        int index = 0;
        foreach (var item in section.List("permissions", "\"devices:read\""))
        {
            string path = $"{section.PathOf("permissions")}[{index++}]";
            if (section.AsScalar(item, path, "write a permission like \"devices:read\"") is not { } permission)
                continue;
            if (!Permissions.IsKnown(permission.Value))
            {
                findings.Add(permission, path, "no permission has this name",
                    Nearest.To(permission.Value, Permissions.All) is { } nearest ? $"did you mean \"{nearest}\"?" : $"use some of {string.Join(", ", Permissions.All)}");
            }
            else if (!held.Add(permission.Value))
            {
                findings.Add(permission, path, "this is in the list twice", "keep one of them");
            }
        }

        return Permissions.All.Where(held.Contains).ToValueList();
    }
}

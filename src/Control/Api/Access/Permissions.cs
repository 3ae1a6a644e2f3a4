namespace Keyhole.Control;

/// <summary>
/// What a role may hold: "KIND:read" to see objects of a kind and "KIND:write" to make, change and remove them. Writing never
/// includes reading. Nobody can give away what they do not hold.
/// </summary>
internal static class Permissions
{
    public const string OrganisationDelete = "organisation:delete";

    /// <summary>To make owners, and to change or remove them.</summary>
    public const string OwnersWrite = "owners:write";

    public const string UsersRead = "users:read";
    public const string UsersWrite = "users:write";
    public const string RolesRead = "roles:read";
    public const string RolesWrite = "roles:write";
    public const string InvitationsRead = "invitations:read";
    public const string InvitationsWrite = "invitations:write";
    public const string SitesRead = "sites:read";
    public const string SitesWrite = "sites:write";
    public const string ConnectorsRead = "connectors:read";
    public const string ConnectorsWrite = "connectors:write";
    public const string RelaysRead = "relays:read";
    public const string RelaysWrite = "relays:write";
    public const string ResourcesRead = "resources:read";
    public const string ResourcesWrite = "resources:write";
    public const string GrantsRead = "grants:read";
    public const string GrantsWrite = "grants:write";
    public const string DevicesRead = "devices:read";
    public const string DevicesWrite = "devices:write";
    public const string MachinesRead = "machines:read";
    public const string MachinesWrite = "machines:write";
    public const string ExternalClientsRead = "external-clients:read";
    public const string ExternalClientsWrite = "external-clients:write";
    public const string ProvisioningKeysRead = "provisioning-keys:read";
    public const string ProvisioningKeysWrite = "provisioning-keys:write";
    public const string SshRead = "ssh:read";

    /// <summary>To rotate and retire keys of the CA, and to take the new keys of a host.</summary>
    public const string SshWrite = "ssh:write";

    public const string ApiKeysRead = "api-keys:read";
    public const string ApiKeysWrite = "api-keys:write";
    public const string AuditRead = "audit:read";

    /// <summary>To export the whole network, to plan, and to ask who reaches what.</summary>
    public const string NetworkRead = "network:read";

    /// <summary>To apply a network file.</summary>
    public const string NetworkWrite = "network:write";

    /// <summary>Every permission there is: what the role "owner" holds.</summary>
    public static ValueList<string> All { get; } =
    [
        OrganisationDelete, OwnersWrite,
        UsersRead, UsersWrite, RolesRead, RolesWrite, InvitationsRead, InvitationsWrite,
        SitesRead, SitesWrite, ConnectorsRead, ConnectorsWrite, RelaysRead, RelaysWrite, ResourcesRead, ResourcesWrite, GrantsRead, GrantsWrite,
        DevicesRead, DevicesWrite, MachinesRead, MachinesWrite, ExternalClientsRead, ExternalClientsWrite,
        ProvisioningKeysRead, ProvisioningKeysWrite, SshRead, SshWrite, ApiKeysRead, ApiKeysWrite, AuditRead, NetworkRead, NetworkWrite,
    ];

    /// <summary>What the role "admin" holds: everything but owners and the end of the organisation.</summary>
    public static ValueList<string> OfAdmin { get; } = All.Where(permission => permission is not (OrganisationDelete or OwnersWrite)).ToValueList();

    /// <summary>What the role "member" holds: a member sees itself, its devices and what it may reach without any.</summary>
    public static ValueList<string> OfMember { get; } = [];

    public static bool IsKnown(string permission) => All.Contains(permission);
}

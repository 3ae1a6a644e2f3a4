using System.Data.Common;
using System.Net;

namespace Keyhole.Control;

/// <summary>Who makes a request.</summary>
/// <param name="Name">The e-mail address of an account; the name of an API key.</param>
/// <param name="Account">Null for an API key.</param>
/// <param name="Session">The login session; null for an API key.</param>
/// <param name="Address">Where the request comes from, as far as it is known.</param>
internal sealed record Caller(CallerKind Kind, string Name, long? Account, long? Session, IPAddress? Address)
{
    public bool IsServerAdmin { get; init; }

    /// <summary>The absolute end of the login session; null for an API key.</summary>
    public DateTimeOffset? SessionExpires { get; init; }

    /// <summary>Where the account counts; null: wherever its address stands, and for an API key.</summary>
    public IReadOnlySet<int>? Organisations { get; init; }

    /// <summary>The API key; null for an account.</summary>
    public ApiKey? Key { get; init; }

    /// <summary>Looks again whether the session or the key is still good.</summary>
    public required Func<bool> IsStillGood { get; init; }

    /// <summary>Keeps the login session from ending until the transaction is over; false when it is over already.</summary>
    public Func<DbConnection, DbTransaction, bool> HoldSession { get; init; } = static (_, _) => true;

    public Actor Actor => new(Kind == CallerKind.Account ? $"user {Name}" : $"api-key {Name}", Address?.ToString());

    /// <summary>The user of this organisation who stands behind the request; null when there is none any more.</summary>
    public User? UserOf(NetworkState state) => Kind == CallerKind.Account
        ? Rights.FindUser(state, Name)
        : state.Users.FirstOrDefault(user => user.Id == Key!.Maker && !user.Disabled);

    /// <summary>Whether the organisation exists for the caller.</summary>
    public bool Sees(Network network) => (Key is null || Key.Organisation == network.Id) && Organisations?.Contains(network.Id) != false && UserOf(network.Ledger.State) is not null;

    /// <summary>Whether the account is a user there who was shut out: it may know.</summary>
    public bool IsDisabledIn(Network network) => Kind == CallerKind.Account && Organisations?.Contains(network.Id) != false
        && network.Ledger.State.FindUser(Name) is { Disabled: true };

    public bool May(Network network, string permission) => Sees(network) && PermissionsIn(network.Ledger.State).Contains(permission);

    /// <summary>An API key never has more than its scopes, and never more than its maker has at this moment.</summary>
    public IReadOnlySet<string> PermissionsIn(NetworkState state)
    {
        if (UserOf(state) is not { } user)
            return new HashSet<string>();
        var rights = Rights.Of(state, user);
        return Key is null ? rights : Key.Scopes.Where(rights.Contains).ToHashSet(StringComparer.Ordinal);
    }
}

using System.Data.Common;

namespace Keyhole.Control;

/// <summary>Another e-mail address for a user and its account, which stay what they are: with its sessions, devices, grants and the name of its accounts on hosts.</summary>
internal static class UserEmailRoute
{
    /// <param name="users">The routes of users.</param>
    /// <param name="tagOf">The entity tag of a user.</param>
    public static void Map(RouteGroupBuilder users, Func<Network, NetworkState, string, string> tagOf) =>
        users.Map(HttpMethod.Post, "{name}/email", "users.email", "Gives a user and its account another e-mail address.", request => ChangeAsync(request, tagOf))
            .Requires(Permissions.UsersWrite).Accepts<EmailInput>("application/json").Produces<UserView>();

    private static async Task<IResult> ChangeAsync(ApiRequest request, Func<Network, NetworkState, string, string> tagOf)
    {
        string old = request.Route("name");
        var input = await request.ReadAsync(ApiJson.TypeOf<EmailInput>());
        if (!HostSyntax.IsEmail(input.Email))
            throw ApiException.Field("email", "this is no e-mail address");
        var (_, after) = NetworkChanges.Change(
            request, "change-email", $"user {Findings.Shown(old)}",
            state =>
            {
                if (OrganisationUsers.Find(state, old) is null)
                    throw ApiException.NotFound("user", old);
                EntityTag.Require(request.Http, tagOf(request.Network, state, old));
                request.Network.Database.Read(connection => FindOwn(connection, null, request.Network, old));
                return OrganisationUsers.Rename(state, old, input.Email);
            },
            (connection, transaction) =>
            {
                if (FindOwn(connection, transaction, request.Network, old) is { } account)
                    Accounts.SetEmail(connection, transaction, account, input.Email);
            },
            _ => (old, input.Email));
        return Results.Json(UserView.Of(after, OrganisationUsers.Find(after, input.Email)!), ApiJson.Options);
    }

    /// <summary>An account that counts elsewhere too is not this organisation's to call: it would be whoever has the new address there.</summary>
    /// <returns>Null where the user has no account.</returns>
    /// <exception cref="OperatorException">The account counts elsewhere too.</exception>
    private static Account? FindOwn(DbConnection connection, DbTransaction? transaction, Network network, string email)
    {
        if (Accounts.Find(connection, transaction, email) is not { } account)
            return null;
        return AccountOrganisations.IsOwn(connection, transaction, account, network.Id)
            ? account
            : throw new OperatorException($"the account {account.Email} does not count in {network.Name} alone: the operator changes its address, by \"keyhole-control admin change-email\"");
    }
}

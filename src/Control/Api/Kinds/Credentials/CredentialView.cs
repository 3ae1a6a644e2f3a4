namespace Keyhole.Control;

/// <summary>What can be seen of an ID and secret: never the secret.</summary>
/// <param name="Expires">When it stops; null while nothing ends it.</param>
internal sealed record CredentialView(string Id, DateTimeOffset CreatedAt, DateTimeOffset? Expires)
{
    public static IReadOnlyList<CredentialView> Of(NetworkState state, Agent agent) =>
        [.. ViewIndex.Of(state).CredentialsOf(agent).Select(credential => new CredentialView(credential.Id, credential.CreatedAt, credential.Expires))];
}

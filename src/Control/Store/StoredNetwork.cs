namespace Keyhole.Control;

/// <summary>A network as the database holds it.</summary>
/// <param name="Organisation">The identifier of the organisation; 0 while it is not stored yet.</param>
/// <param name="ChangeNumber">Counts every stored change; 0 while there was none.</param>
internal sealed record StoredNetwork(int Organisation, NetworkState State, long ChangeNumber)
{
    public static StoredNetwork None { get; } = new(0, NetworkState.Empty, 0);
}

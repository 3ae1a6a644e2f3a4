namespace Keyhole.Control;

/// <summary>What a user changes of itself. The address is what organisations know it by: whoever may write users changes that.</summary>
internal sealed record AccountInput
{
    /// <summary>As people write it, in every organisation of the account; null takes it away.</summary>
    public string? DisplayName { get; init; }
}

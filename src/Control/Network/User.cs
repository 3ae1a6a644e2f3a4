namespace Keyhole.Control;

internal sealed record User(int Id, string Email, ValueList<int> Roles) : INamed
{
    string INamed.Name => Email;

    /// <summary>As people write it; null where nobody said.</summary>
    public string? DisplayName { get; init; }

    /// <summary>May not act here, and none of its devices reaches anything.</summary>
    public bool Disabled { get; init; }
}

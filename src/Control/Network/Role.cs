namespace Keyhole.Control;

/// <param name="Permissions">Of <see cref="Keyhole.Control.Permissions"/>, in their order; none for a role that is only for grants.</param>
internal sealed record Role(int Id, string Name, ValueList<string> Permissions) : INamed
{
    /// <summary>One of the three that every organisation has.</summary>
    public bool IsFixed => FixedRoles.Contains(Name);
}

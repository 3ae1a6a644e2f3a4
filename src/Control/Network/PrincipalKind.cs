namespace Keyhole.Control;

/// <summary>Who a grant is for.</summary>
internal enum PrincipalKind
{
    Role,
    User,
    Machine,
    ExternalClient,
}

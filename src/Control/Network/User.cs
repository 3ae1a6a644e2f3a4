namespace Keyhole.Control;

internal sealed record User(int Id, string Email, ValueList<int> Roles) : INamed
{
    string INamed.Name => Email;
}

namespace Keyhole.Control;

/// <summary>An object of a network. Its name is unique within its kind, its identifier within the network and for all time.</summary>
internal interface INamed
{
    int Id { get; }

    string Name { get; }
}

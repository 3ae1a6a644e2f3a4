namespace Keyhole.Control;

/// <summary>The database is full, away or refuses. Its message is for the operator: it may name paths and hosts.</summary>
/// <param name="full">There is no room left.</param>
internal sealed class StorageException(string message, bool full = false) : OperatorException(message)
{
    public bool IsFull => full;
}

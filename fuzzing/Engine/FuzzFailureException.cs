namespace Keyhole.Fuzz;

/// <summary>A promise that an input broke.</summary>
public sealed class FuzzFailureException : Exception
{
    public FuzzFailureException()
    {
    }

    public FuzzFailureException(string message) : base(message)
    {
    }

    public FuzzFailureException(string message, Exception innerException) : base(message, innerException)
    {
    }
}

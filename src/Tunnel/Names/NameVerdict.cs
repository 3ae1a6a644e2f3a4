namespace Keyhole.Tunnel;

/// <summary>What <see cref="NameResponder"/> did with a query.</summary>
public enum NameVerdict
{
    /// <summary>It wrote the response.</summary>
    Answered,

    /// <summary>Nothing of that name was granted: the query goes where it would go without this client.</summary>
    Forward,

    /// <summary>It is no query: nobody gets an answer.</summary>
    Ignored,
}

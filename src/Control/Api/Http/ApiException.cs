namespace Keyhole.Control;

/// <summary>A request that is not done: answered as problem+json (RFC 9457).</summary>
internal sealed class ApiException(int status, string detail, IReadOnlyDictionary<string, string[]>? errors = null) : Exception(detail)
{
    public int Status => status;

    /// <summary>By field of the request: what is wrong with it. Empty where no field is to blame.</summary>
    public IReadOnlyDictionary<string, string[]> Errors { get; } = errors ?? new Dictionary<string, string[]>();

    /// <summary>One field is to blame.</summary>
    public static ApiException Field(string field, string problem) =>
        Fields([new(field, problem)]);

    public static ApiException Fields(IEnumerable<KeyValuePair<string, string>> problems) =>
        new(StatusCodes.Status422UnprocessableEntity, "The request has values that cannot be taken; \"errors\" names them.",
            problems.GroupBy(problem => problem.Key, problem => problem.Value, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.ToArray()));

    /// <summary>No object of a kind has this name.</summary>
    public static ApiException NotFound(string kind, string name) =>
        new(StatusCodes.Status404NotFound, $"No {kind} is named \"{Findings.Shown(name)}\".");
}

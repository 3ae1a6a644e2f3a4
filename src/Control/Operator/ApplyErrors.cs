namespace Keyhole.Control;

/// <summary>What "apply --json" prints for a file that holds errors.</summary>
internal sealed record ApplyErrors(string File, IReadOnlyList<Finding> Errors);

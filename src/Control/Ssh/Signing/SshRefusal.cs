namespace Keyhole.Control;

/// <summary>Why nothing is signed.</summary>
/// <param name="Status">Of HTTP.</param>
/// <param name="Reason">What is in the way, without an end mark.</param>
/// <param name="Fix">What to do about it, without an end mark.</param>
internal sealed record SshRefusal(int Status, string Reason, string Fix)
{
    public ApiException ToException() => new(Status, ToString());

    public override string ToString() => $"{Reason}: {Fix}.";
}

namespace Keyhole.SshHost;

/// <summary>The head of a request (RFC 9112 section 3).</summary>
/// <param name="Headers">By name in lower case; none stands twice.</param>
internal sealed record HttpRequest(string Method, string Target, IReadOnlyDictionary<string, string> Headers)
{
    public string Header(string name) => Headers.GetValueOrDefault(name, "");
}

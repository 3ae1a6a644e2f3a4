namespace Keyhole.SshHost;

/// <summary>The answer to PUT /v1/hosts/{authority}/{resource}.</summary>
internal sealed record HostAnswer(IReadOnlyList<string> HostKeys, IReadOnlyList<string> Trusted);

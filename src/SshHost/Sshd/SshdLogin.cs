using System.Net;

namespace Keyhole.SshHost;

/// <summary>Somebody who might log in, as Match blocks tell people apart (sshd_config(5)).</summary>
/// <param name="Address">Of both ends: without a scope.</param>
internal sealed record SshdLogin(string Account, IPAddress Address);

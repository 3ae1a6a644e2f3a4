namespace Keyhole.Client;

/// <summary>The machine did not take the configuration of its resolver, for a reason that the message says.</summary>
internal sealed class ResolverException(string message, Exception? inner = null) : Exception(message, inner);

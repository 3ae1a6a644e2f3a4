namespace Keyhole.Control;

/// <summary>The provider, or somebody in its place, answered what is not to be believed. The message holds nothing secret.</summary>
internal sealed class OpenIdException(string message) : Exception(message);

namespace Keyhole.Control;

/// <summary>A new key for one-time codes, shown once, to enter into an app.</summary>
internal sealed record TotpView(string Secret, string Uri);

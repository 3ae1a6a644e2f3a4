namespace Keyhole.Control;

/// <summary>How a login ended.</summary>
/// <param name="Account">Who it is; with <see cref="LoginRefusal.SecondFactor"/>, who it will be.</param>
/// <param name="Refusal">Null: the login is right.</param>
/// <param name="Wait">With <see cref="LoginRefusal.Later"/>: how long.</param>
internal sealed record LoginOutcome(Account? Account, LoginRefusal? Refusal, TimeSpan Wait)
{
    public static LoginOutcome Wrong { get; } = new(null, LoginRefusal.Wrong, TimeSpan.Zero);

    public static LoginOutcome Later(TimeSpan wait) => new(null, LoginRefusal.Later, wait);
}

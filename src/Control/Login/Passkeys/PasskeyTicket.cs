namespace Keyhole.Control;

/// <summary>A passkey ceremony that is under way; sealed in the hands of the browser.</summary>
/// <param name="Account">Who registers; null for a login.</param>
/// <param name="State">The handler's own.</param>
/// <param name="Id">Tells this ceremony from others: each ends once.</param>
/// <param name="Expires">In Unix seconds.</param>
internal sealed record PasskeyTicket(long? Account, string State, string Id, long Expires);

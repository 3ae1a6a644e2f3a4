namespace Keyhole.Control;

internal sealed record AccountsAnswer(IReadOnlyList<AccountLine> Accounts);

namespace Keyhole.Control;

/// <summary>Before there are accounts nobody is logged in: API keys and agents are all who get in.</summary>
internal sealed class NobodyLoggedIn : ILoginSessions
{
    public LoginSession? Find(string token, DateTimeOffset now) => null;
}

using System.Collections.Concurrent;
using System.Data.Common;

namespace Keyhole.Control.Tests;

/// <summary>Login sessions that begin and end at a word, so that tests of the interface need no login.</summary>
internal sealed class TestSessions : ILoginSessions
{
    private readonly ConcurrentDictionary<string, LoginSession> _sessions = [];
    private long _next;

    public string Begin(string email, bool serverAdmin = false)
    {
        long id = Interlocked.Increment(ref _next);
        string token = SessionToken.New();
        _sessions[token] = new LoginSession(id, id, email, serverAdmin, DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddHours(1));
        return token;
    }

    public void End(string token) => _sessions.TryRemove(token, out _);

    public LoginSession? Find(string token, DateTimeOffset now) => _sessions.GetValueOrDefault(token);

    public string? WhyOver(string token) => null;

    public bool Hold(DbConnection connection, DbTransaction transaction, long session) => _sessions.Values.Any(present => present.Id == session);
}

using System.Data.Common;

namespace Keyhole.Control;

/// <summary>Who is logged in. A token is that of a browser's cookie or of the command line.</summary>
internal interface ILoginSessions
{
    /// <summary>The session of a token; null when there is none, or none any more. Counts as use of the session.</summary>
    LoginSession? Find(string token, DateTimeOffset now);

    /// <summary>Why the session of a token was ended, where its holder is to know; null where there is none, and where it ended as sessions do.</summary>
    string? WhyOver(string token);

    /// <summary>Keeps a session from ending until the transaction is over.</summary>
    /// <returns>False when it is over already.</returns>
    bool Hold(DbConnection connection, DbTransaction transaction, long session);
}

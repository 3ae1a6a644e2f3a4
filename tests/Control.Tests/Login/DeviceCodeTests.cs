namespace Keyhole.Control.Tests;

/// <summary>RFC 8628, seen from the machine and from the person.</summary>
public class DeviceCodeTests : IDisposable
{
    private readonly LoginFixture _fixture;

    public DeviceCodeTests()
        : this(null)
    {
    }

    /// <param name="database">The connection string of a PostgreSQL database; null for SQLite.</param>
    protected DeviceCodeTests(string? database) => _fixture = new LoginFixture(database);

    private DeviceCodes Codes => _fixture.Services.Devices;

    public void Dispose()
    {
        _fixture.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    [Trait("Promise", "A4")]
    public async Task A_machine_is_logged_in_as_who_approves_it_once()
    {
        var account = await _fixture.AccountAsync();
        var grant = Codes.Begin("laptop", LoginFixture.Home);
        Assert.Equal(DevicePoll.Pending, Poll(grant).Error);
        var request = Codes.Find(grant.UserCode)!;
        Assert.Equal(("laptop", "192.0.2.1"), (request.Client, request.Address));
        Assert.True(Codes.Decide(grant.UserCode, account, approve: true, LoginFixture.Tester));
        Assert.Null(Codes.Find(grant.UserCode));
        Assert.False(Codes.Decide(grant.UserCode, account, approve: true, LoginFixture.Tester));
        Wait(grant.Interval);
        var done = Poll(grant);
        Assert.Equal(account.Id, done.Session?.Account);
        Assert.NotNull(_fixture.Services.Sessions.Find(done.Token!, _fixture.Clock.GetUtcNow()));
        Wait(grant.Interval);
        Assert.Equal(DevicePoll.Expired, Poll(grant).Error);
    }

    [Fact]
    public async Task A_machine_that_is_turned_away_or_asks_for_too_long_is_told_so()
    {
        var account = await _fixture.AccountAsync();
        var denied = Codes.Begin("laptop", LoginFixture.Home);
        Assert.True(Codes.Decide(denied.UserCode, account, approve: false, LoginFixture.Tester));
        Assert.Equal(DevicePoll.Denied, Poll(denied).Error);
        var late = Codes.Begin("laptop", LoginFixture.Home);
        Wait(DeviceCodes.Life);
        Assert.Equal(DevicePoll.Expired, Poll(late).Error);
        Assert.Null(Codes.Find(late.UserCode));
        Assert.False(Codes.Decide(late.UserCode, account, approve: true, LoginFixture.Tester));
    }

    [Fact]
    public void Impatient_machines_are_slowed_down()
    {
        var grant = Codes.Begin("laptop", LoginFixture.Home);
        Assert.Equal(DevicePoll.Pending, Poll(grant).Error);
        Assert.Equal(DevicePoll.SlowDown, Poll(grant).Error);
        Wait(grant.Interval);
        Assert.Equal(DevicePoll.SlowDown, Poll(grant).Error);
        Wait(TimeSpan.FromSeconds(12));
        Assert.Equal(DevicePoll.Pending, Poll(grant).Error);
    }

    [Fact]
    public async Task An_approval_that_nobody_fetches_makes_no_session()
    {
        var account = await _fixture.AccountAsync();
        var grant = Codes.Begin("laptop", LoginFixture.Home);
        Codes.Decide(grant.UserCode, account, approve: true, LoginFixture.Tester);
        Assert.Empty(_fixture.Services.Sessions.List(account.Id));
        Wait(DeviceCodes.Life);
        Assert.Equal(DevicePoll.Expired, Poll(grant).Error);
        Assert.Empty(_fixture.Services.Sessions.List(account.Id));
    }

    [Fact]
    public void A_wrong_code_is_like_an_old_one_and_waiting_machines_are_bounded()
    {
        Assert.Equal(DevicePoll.Expired, Codes.Poll("nonsense", null).Error);
        Assert.Equal(DevicePoll.Expired, Codes.Poll(new string('x', 100_000), null).Error);
        for (int i = 0; i < DeviceCodes.MaximumWaiting; i++)
            Codes.Begin("laptop", null);
        Assert.Throws<LoginBusyException>(() => Codes.Begin("laptop", null));
        Wait(DeviceCodes.Life);
        Assert.NotNull(Codes.Begin("laptop", null));
    }

    [Fact]
    public async Task Machines_that_log_in_by_code_count_among_the_sessions_of_an_account()
    {
        var account = await _fixture.AccountAsync();
        for (int i = 0; i < 60; i++)
        {
            var grant = Codes.Begin("laptop", LoginFixture.Home);
            Codes.Decide(grant.UserCode, account, approve: true, LoginFixture.Tester);
            Assert.Null(Poll(grant).Error);
        }

        Assert.Equal(50, _fixture.Services.Sessions.List(account.Id).Count);
    }

    private DevicePoll Poll(DeviceGrant grant) => Codes.Poll(grant.DeviceCode, LoginFixture.Home);

    private void Wait(TimeSpan span) => _fixture.Clock.Move(span);
}

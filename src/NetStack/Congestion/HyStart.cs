namespace Keyhole.NetStack;

/// <summary>
/// HyStart++ (RFC 9406): leaves slow start when the round-trip time rises, first into a conservative slow start that is taken back
/// when the rise was noise. Constants are those of section 4.3.
/// </summary>
internal struct HyStart
{
    private const long MinimumThreshold = 4_000;
    private const long MaximumThreshold = 16_000;
    private const int ThresholdDivisor = 8;
    private const int SampleCount = 8;
    private const int ConservativeDivisor = 4;
    private const int ConservativeRounds = 5;

    private long _lastRoundMinimum;
    private long _currentRoundMinimum;
    private long _baseline;
    private uint _windowEnd;
    private int _samples;
    private int _conservativeRounds;
    private bool _hasRound;

    public void Reset()
    {
        this = default;
        _lastRoundMinimum = _currentRoundMinimum = _baseline = long.MaxValue;
    }

    /// <summary>
    /// How much the window may grow in slow start, and whether slow start is over. There is no limit L per acknowledgement (section 4.2):
    /// receivers behind a tunnel acknowledge whole batches, and such a limit would stall them, not smooth them.
    /// </summary>
    public int OnAcknowledged(in AckEvent ack, out bool finished)
    {
        if (!_hasRound || Seq.GreaterOrEqual(ack.SndUna, _windowEnd))
            StartRound(ack.SndNxt);
        if (ack.Rtt > 0)
        {
            _currentRoundMinimum = Math.Min(_currentRoundMinimum, ack.Rtt);
            _samples++;
        }

        if (_samples >= SampleCount && _currentRoundMinimum != long.MaxValue)
            Judge();
        finished = _conservativeRounds > ConservativeRounds;
        return _conservativeRounds > 0 ? ack.Delivered / ConservativeDivisor : ack.Delivered;
    }

    private void StartRound(uint sndNxt)
    {
        _hasRound = true;
        _windowEnd = sndNxt;
        _lastRoundMinimum = _currentRoundMinimum;
        _currentRoundMinimum = long.MaxValue;
        _samples = 0;
        if (_conservativeRounds > 0)
            _conservativeRounds++;
    }

    private void Judge()
    {
        if (_conservativeRounds > 0)
        {
            if (_currentRoundMinimum < _baseline)
            {
                _baseline = long.MaxValue;
                _conservativeRounds = 0;
            }

            return;
        }

        if (_lastRoundMinimum == long.MaxValue)
            return;
        long threshold = Math.Clamp(_lastRoundMinimum / ThresholdDivisor, MinimumThreshold, MaximumThreshold);
        if (_currentRoundMinimum >= _lastRoundMinimum + threshold)
        {
            _baseline = _currentRoundMinimum;
            _conservativeRounds = 1;
        }
    }
}

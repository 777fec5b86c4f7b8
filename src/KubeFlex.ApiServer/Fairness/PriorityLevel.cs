namespace KubeFlex.ApiServer.Fairness;

/// <summary>Bounds of one priority level.</summary>
/// <param name="Seats">Requests under way at the same time.</param>
/// <param name="Waiting">Requests of one user that may wait; the next one is refused.</param>
/// <param name="Patience">How long one waits before it is refused.</param>
internal sealed record PriorityLevelOptions(int Seats, int Waiting, TimeSpan Patience)
{
    /// <summary>Requests of all users that may wait. Upstream's 128 queues of 50.</summary>
    public int AllWaiting { get; init; } = 6400;

    /// <summary>Who holds a seat for longer no longer counts: it waits for a slow client rather than works, and must not keep the others out.</summary>
    public TimeSpan Long { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A request that has waited long enough goes on instead of being refused: for a level that sets the pace and protects nothing.</summary>
    public bool AdmitsTheImpatient { get; init; }
}

/// <summary>
/// Seats for requests, and fair queues for those that find none: after kube-apiserver's priority and fairness. A seat that becomes free goes to the tenant that has the
/// fewest, among equals to the one that was served longest ago; within a tenant, users take turns. With two seats, a noisy tenant n and a quiet one q:
/// <code>
/// n asks four times   seats: n n   waiting: n n
/// q asks once         seats: n n   waiting: n n q
/// one n is done       seats: n q   waiting: n n     q had none, n has one still
/// </code>
/// State is kept for tenants that have a request in here, and for no others.
/// </summary>
internal sealed class PriorityLevel : IDisposable
{
    private readonly PriorityLevelOptions options;
    private readonly TimeProvider time;
    private readonly Lock gate = new();
    private readonly Dictionary<string, Tenant> tenants = new(StringComparer.Ordinal);
    // Those that wait, the one that was served longest ago first.
    private readonly LinkedList<Tenant> turns = new();
    // Those that count, the oldest first.
    private readonly LinkedList<Seat> seats = new();
    private readonly ITimer aging;
    private int waiting;
    private Func<bool> held = static () => false;

    public PriorityLevel(PriorityLevelOptions options, TimeProvider time)
    {
        (this.options, this.time) = (options, time);
        aging = time.CreateTimer(static level => ((PriorityLevel)level!).Age(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Requests that wait for a seat.</summary>
    public int Waiting
    {
        get
        {
            lock (gate) return waiting;
        }
    }

    /// <summary>Tenants that state is kept for.</summary>
    public int Tenants
    {
        get
        {
            lock (gate) return tenants.Count;
        }
    }

    /// <summary>While <paramref name="condition"/> holds no seat is given; whoever changes that calls <see cref="Look"/>.</summary>
    public void HoldWhile(Func<bool> condition) => held = condition;

    /// <summary>A seat, at once or after a wait; null when the queue is full or the wait too long.</summary>
    public ValueTask<Seat?> EnterAsync(string tenant, string user, CancellationToken cancellation)
    {
        Waiter waiter;
        lock (gate)
        {
            if (!tenants.TryGetValue(tenant, out var at)) tenants[tenant] = at = new Tenant(tenant);
            if (waiting == 0 && seats.Count < options.Seats && !held()) return new(Take(at));
            if (waiting >= options.AllWaiting || at.Count(user) >= options.Waiting)
            {
                Forget(at);
                return default;
            }
            waiter = new Waiter(at, at.Flow(user));
            waiter.Flow.Waiters.AddLast(waiter.Place);
            if (at.Waiting++ == 0) turns.AddLast(at.Turn);
            if (waiting++ == 0) Arm();
        }
        return new(WaitAsync(waiter, cancellation));
    }

    /// <summary>Gives free seats to those that wait, if the hold allows.</summary>
    public void Look()
    {
        if (Volatile.Read(ref waiting) == 0) return;
        lock (gate) Serve();
    }

    public void Dispose() => aging.Dispose();

    internal void Leave(Seat seat)
    {
        lock (gate)
        {
            if (seat.Place.List is null) return;
            Free(seat);
            Serve();
        }
    }

    private async Task<Seat?> WaitAsync(Waiter waiter, CancellationToken cancellation)
    {
        try
        {
            return await waiter.Given.WaitAsync(options.Patience, time, cancellation);
        }
        catch (TimeoutException)
        {
            return GiveUp(waiter, options.AdmitsTheImpatient) ? null : await waiter.Given;
        }
        catch (OperationCanceledException)
        {
            // A seat that came at the last moment goes to the next.
            if (!GiveUp(waiter, admit: false)) (await waiter.Given).Dispose();
            throw;
        }
    }

    private Seat Take(Tenant tenant)
    {
        var seat = new Seat(this, tenant, time.GetTimestamp());
        seats.AddLast(seat.Place);
        tenant.Taken++;
        return seat;
    }

    private void Free(Seat seat)
    {
        seats.Remove(seat.Place);
        seat.Tenant.Taken--;
        Forget(seat.Tenant);
    }

    private void Serve()
    {
        while (waiting > 0 && seats.Count < options.Seats && !held()) Give(Next().First());
    }

    private Tenant Next()
    {
        var best = turns.First!.Value;
        foreach (var tenant in turns)
        {
            if (tenant.Taken < best.Taken) best = tenant;
            if (best.Taken == 0) break;
        }
        return best;
    }

    private void Give(Waiter waiter)
    {
        Remove(waiter);
        waiter.Give(Take(waiter.Tenant));
    }

    /// <summary>Out of the queue; its tenant goes to the end of the line, or out of it.</summary>
    private void Remove(Waiter waiter)
    {
        var tenant = waiter.Tenant;
        tenant.Remove(waiter);
        turns.Remove(tenant.Turn);
        if (--tenant.Waiting > 0) turns.AddLast(tenant.Turn);
        waiting--;
    }

    /// <summary>A waiter has no more patience, or its client is gone; false when it has a seat.</summary>
    private bool GiveUp(Waiter waiter, bool admit)
    {
        lock (gate)
        {
            if (waiter.Place.List is null) return false;
            if (admit)
            {
                Give(waiter);
                return false;
            }
            Remove(waiter);
            Forget(waiter.Tenant);
            return true;
        }
    }

    private void Forget(Tenant tenant)
    {
        if (tenant.Taken == 0 && tenant.Waiting == 0) tenants.Remove(tenant.Name);
    }

    /// <summary>Seats held for long count no more. Looked at while somebody waits, and never else.</summary>
    private void Age()
    {
        lock (gate)
        {
            var now = time.GetTimestamp();
            while (seats.First is { Value: var oldest } && time.GetElapsedTime(oldest.Since, now) >= options.Long) Free(oldest);
            Serve();
            if (waiting > 0) Arm();
        }
    }

    private void Arm()
    {
        var left = seats.First is { Value: var oldest } ? options.Long - time.GetElapsedTime(oldest.Since) : options.Long;
        aging.Change(left < TimeSpan.Zero ? TimeSpan.Zero : left, Timeout.InfiniteTimeSpan);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.resources.cpu.  0 and "" ask for nothing, a quota of -1 for no limit.
 */
#include <cgroup/limits.h>

#include <math.h>
#include <stdio.h>

/* Version 1's 2..262144 onto version 2's 1..10000, so that 1024 becomes 100, as engines expect. */
static unsigned weight_of_shares(uint64_t shares)
{
    if (shares <= 2)
        return 1;
    if (shares >= 262144)
        return 10000;
    double l = log2((double)shares);
    double weight = ceil(pow(10, (l * l + 125 * l) / 612.0 - 7.0 / 34.0));
    return weight < 1 ? 1 : weight > 10000 ? 10000 : (unsigned)weight;
}

static int check(const struct limits *limits, const struct oci_linux_cpu *cpu,
                 struct failure *failure)
{
    if (cpu->has_quota && cpu->quota < -1)
        return limit_fail(limits, failure, OCI_ERR_CONFIG, "/cpu/quota",
                          "%lld is no quota: it is in microseconds, or -1 for no limit",
                          (long long)cpu->quota);
    if (cpu->has_burst && cpu->has_quota && cpu->quota > 0 && cpu->burst > (uint64_t)cpu->quota)
        return limit_fail(limits, failure, OCI_ERR_CONFIG, "/cpu/burst",
                          "the burst is above the quota of %lld", (long long)cpu->quota);
    if (cpu->has_idle && cpu->idle != 0 && cpu->idle != 1)
        return limit_fail(limits, failure, OCI_ERR_CONFIG, "/cpu/idle", "idle is 0 or 1, not %lld",
                          (long long)cpu->idle);
    if (cpu->has_realtime_runtime && cpu->realtime_runtime < -1)
        return limit_fail(limits, failure, OCI_ERR_CONFIG, "/cpu/realtimeRuntime",
                          "%lld is no time: it is in microseconds, or -1 for no limit",
                          (long long)cpu->realtime_runtime);
    return 0;
}

static void add_weight(struct limits *limits, const struct oci_linux_cpu *cpu, bool v2)
{
    bool idle = cpu->has_idle && cpu->idle == 1;
    bool shares = cpu->has_shares && cpu->shares != 0;
    struct limit *limit;
    if (shares && idle) {
        log_message(limits->log, CONTAINER_LOG_WARNING,
                    "%s/cpu/shares: a group that only takes idle time has no shares; not set",
                    limits->prefix);
    } else if (shares) {
        limit = v2 ? limit_add(limits, "cpu", "cpu.weight", "/cpu/shares", "%u",
                               weight_of_shares(cpu->shares))
                   : limit_add(limits, "cpu", "cpu.shares", "/cpu/shares", "%llu",
                               (unsigned long long)cpu->shares);
        limit->knot = KNOT_WEIGHT;
        limit->v2 = v2;
    }
    if (cpu->has_idle) {
        limit = limit_add(limits, "cpu", "cpu.idle", "/cpu/idle", "%d", idle);
        limit->knot = KNOT_WEIGHT;
        limit->flags = idle ? 0 : LIMIT_QUIET;
        limit->v2 = v2;
    }
}

static void add_bandwidth_1(struct limits *limits, const struct oci_linux_cpu *cpu)
{
    if (cpu->has_period && cpu->period != 0)
        limit_add(limits, "cpu", "cpu.cfs_period_us", "/cpu/period", "%llu",
                  (unsigned long long)cpu->period)
            ->knot = KNOT_BANDWIDTH;
    if (cpu->has_quota && cpu->quota != 0) {
        struct limit *limit = limit_add(limits, "cpu", "cpu.cfs_quota_us", "/cpu/quota", "%lld",
                                        (long long)cpu->quota);
        limit->knot = KNOT_BANDWIDTH;
        limit->flags = cpu->quota < 0 ? LIMIT_QUIET : 0;
    }
    if (cpu->has_burst) {
        struct limit *limit = limit_add(limits, "cpu", "cpu.cfs_burst_us", "/cpu/burst", "%llu",
                                        (unsigned long long)cpu->burst);
        limit->knot = KNOT_BANDWIDTH;
        limit->flags = cpu->burst ? 0 : LIMIT_QUIET;
    }
}

/* One file has quota and period; a quota alone leaves the period. */
static void add_bandwidth_2(struct limits *limits, const struct oci_linux_cpu *cpu)
{
    bool has_quota = cpu->has_quota && cpu->quota != 0;
    bool has_period = cpu->has_period && cpu->period != 0;
    int64_t quota = has_quota ? cpu->quota : limits->quota_now;
    char text[24] = "max", period[24] = "";
    if (quota >= 0)
        snprintf(text, sizeof(text), "%lld", (long long)quota);
    if (has_period)
        snprintf(period, sizeof(period), " %llu", (unsigned long long)cpu->period);
    if (has_quota || has_period) {
        struct limit *limit =
            limit_add(limits, "cpu", "cpu.max", has_quota ? "/cpu/quota" : "/cpu/period", "%s%s",
                      text, period);
        limit->knot = KNOT_BANDWIDTH;
        limit->flags = has_quota && quota < 0 && !has_period ? LIMIT_QUIET : 0;
        limit->v2 = true;
    }
    if (cpu->has_burst) {
        struct limit *limit = limit_add(limits, "cpu", "cpu.max.burst", "/cpu/burst", "%llu",
                                        (unsigned long long)cpu->burst);
        limit->knot = KNOT_BANDWIDTH;
        limit->flags = cpu->burst ? 0 : LIMIT_QUIET;
        limit->v2 = true;
    }
}

static int add_realtime(struct limits *limits, const struct oci_linux_cpu *cpu, bool v2,
                        struct failure *failure)
{
    static const char missing[] = "control groups of version 2 have no limit for real-time tasks";
    bool period = cpu->has_realtime_period && cpu->realtime_period != 0;
    bool runtime = cpu->has_realtime_runtime && cpu->realtime_runtime != 0;
    if (v2 && period)
        return limit_fail(limits, failure, OCI_ERR_UNSUPPORTED, "/cpu/realtimePeriod", missing);
    if (v2 && runtime && cpu->realtime_runtime > 0)
        return limit_fail(limits, failure, OCI_ERR_UNSUPPORTED, "/cpu/realtimeRuntime", missing);
    if (v2)
        return 0;
    if (period)
        limit_add(limits, "cpu", "cpu.rt_period_us", "/cpu/realtimePeriod", "%llu",
                  (unsigned long long)cpu->realtime_period)
            ->knot = KNOT_REALTIME;
    if (cpu->has_realtime_runtime) {
        struct limit *limit = limit_add(limits, "cpu", "cpu.rt_runtime_us", "/cpu/realtimeRuntime",
                                        "%lld", (long long)cpu->realtime_runtime);
        limit->knot = KNOT_REALTIME;
        limit->flags = runtime ? 0 : LIMIT_QUIET;
    }
    return 0;
}

int limits_cpu(struct limits *limits, const struct oci_linux_cpu *cpu, bool v2,
               struct failure *failure)
{
    if (cpu == NULL)
        return 0;
    int r = check(limits, cpu, failure);
    if (r < 0)
        return r;
    add_weight(limits, cpu, v2);
    if (v2)
        add_bandwidth_2(limits, cpu);
    else
        add_bandwidth_1(limits, cpu);
    return add_realtime(limits, cpu, v2, failure);
}

int limits_cpuset(struct limits *limits, const struct oci_linux_cpu *cpu, bool v2)
{
    if (cpu && cpu->cpus && cpu->cpus[0])
        limit_add(limits, "cpuset", "cpuset.cpus", "/cpu/cpus", "%s", cpu->cpus)->v2 = v2;
    if (cpu && cpu->mems && cpu->mems[0])
        limit_add(limits, "cpuset", "cpuset.mems", "/cpu/mems", "%s", cpu->mems)->v2 = v2;
    return 0;
}

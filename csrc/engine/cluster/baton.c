/* The baton: whose guest code may run. Handed from the one that gives it to the first that waits, so that
 * each has its turn however often another asks.
 */
#include "engine/cluster/baton.h"

#include "engine/cluster/cluster.h"

void baton_take(struct cluster *cluster, struct claim *claim)
{
    struct baton *baton = &cluster->baton;

    if (!baton->holder) {
        baton->holder = claim;
        return;
    }
    claim->next = NULL;
    if (baton->last)
        baton->last->next = claim;
    else
        baton->first = claim;
    baton->last = claim;
    atomic_store_explicit(&baton->wanted, true, memory_order_relaxed);
    while (baton->holder != claim)
        condition_wait(claim->condition, cluster->monitor, INT64_MAX);
}

void baton_give(struct cluster *cluster)
{
    struct baton *baton = &cluster->baton;
    struct claim *next = baton->first;

    baton->holder = next;
    if (!next)
        return;
    baton->first = next->next;
    if (!baton->first) {
        baton->last = NULL;
        atomic_store_explicit(&baton->wanted, false, memory_order_relaxed);
    }
    condition_notify(next->condition);
}

void baton_pass(struct cluster *cluster, struct claim *claim)
{
    if (!cluster->baton.first)
        return;
    baton_give(cluster);
    baton_take(cluster, claim);
}

void baton_acquire(struct cluster *cluster, struct claim *claim)
{
    monitor_enter(cluster->monitor);
    baton_take(cluster, claim);
    monitor_leave(cluster->monitor);
}

void baton_release(struct cluster *cluster)
{
    monitor_enter(cluster->monitor);
    baton_give(cluster);
    monitor_leave(cluster->monitor);
}

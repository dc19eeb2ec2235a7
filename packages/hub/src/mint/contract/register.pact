;; The register of Stoicism: each account's whole points, on the account's own chain, added to once a day.
;; The numbers in `protocol/src/mint/register.ts` are these; `agreement.test.ts` holds the two together, register.repl every guard.
;;
;; - An account has one slot on its chain, for ever; fifty slots are one row of `buckets`.
;; - A batch is positional: it fills the buckets [bounds[batch], bounds[batch+1]) that were fixed when its epoch was opened. Once
;;   per (epoch, batch) is therefore once per (epoch, account), and batches commute.
;; - Whoever holds the minter's keys gets one epoch, capped, for each day of the window that is not open yet: so every day is
;;   opened, if only with the bounds [0]. There is no head row: one that is pushed far ahead would end the contract.
;; - No function that writes can be reached without its capability. A helper that writes could be called by anyone: the writes
;;   below stand in lambdas.
;; - What was done already is answered, not failed: a transaction that fails pays its whole gas limit.
;; - Rows are read outside of `enforce`, whose condition may not touch the database.
(module register GOV
  (defconst BUCKET:integer 50)
  (defconst ACCOUNT_CAP:integer 100000)
  (defconst EPOCH_CAP:integer 400000000)
  (defconst WINDOW:integer 3)
  (defconst ZEROS:[integer] (make-list BUCKET 0))

  ;; Deploy and upgrade only, by keys that are offline: a signature for GOV can write any register.
  (defcap GOV () (enforce-guard (keyset-ref-guard "stoic.gov")))
  ;; The minter's key stands in a row that governance alone changes: a keyset of its own could be redefined by whoever stole it.
  (defcap ROTATE:bool (name:string)
    @event (enforce-guard (keyset-ref-guard "stoic.gov")))

  (defcap OPEN:bool (epoch:integer cap:integer digest:string)
    @event (enforce-guard (minter)))
  (defcap MINT:bool (epoch:integer batch:integer sum:integer digest:string)
    @event (enforce-guard (minter)))
  (defcap CLOSE:bool (epoch:integer sum:integer)
    (enforce-guard (minter)))
  (defcap ENROL:bool (first:integer count:integer digest:string)
    @event (enforce-guard (minter)))
  (defcap CLOSED:bool (epoch:integer sum:integer) @event true)

  (defschema epoch-s cap:integer minted:integer done:integer bounds:[integer] digest:string closed:bool)
  (deftable epochs:{epoch-s})
  (defschema batch-s sum:integer digest:string)
  (deftable batches:{batch-s})
  (defschema bucket-s points:[integer])
  (deftable buckets:{bucket-s})
  (defschema slot-s account:string)
  (deftable slots:{slot-s})
  (defschema account-s slot:integer)
  (deftable accounts:{account-s})
  (defschema enrolment-s count:integer digest:string)
  (deftable enrolments:{enrolment-s})
  (defschema setting-s guard:guard)
  (deftable settings:{setting-s})
  (defschema counter-s next:integer)
  (deftable counter:{counter-s})

  (defun today:integer ()
    (floor (/ (diff-time (at 'block-time (chain-data)) (time "1970-01-01T00:00:00Z")) 86400.0)))

  (defun minter:guard ()
    (with-read settings "minter" {"guard":=guard} guard))

  ;; One key: a keyset without keys would let everybody through.
  (defun rotate-minter:string (guard:guard)
    (let ((name (create-principal guard)))
      (with-capability (ROTATE name)
        (enforce (= "k:" (take 2 name)) "minter is not one key")
        (write settings "minter" {"guard":guard})
        "rotated")))

  (defun enrolled:integer ()
    (with-default-read counter "slots" {"next":0} {"next":=next} next))

  ;; An epoch is a UTC day, opened once, by `insert`.
  (defun open-epoch:string (epoch:integer cap:integer bounds:[integer] digest:string)
    (let ((day (int-to-str 10 epoch)) (known-slots (enrolled)))
      (with-default-read epochs day {"cap":-1,"bounds":[],"digest":""} {"cap":=known-cap,"bounds":=known-bounds,"digest":=known}
        (if (>= known-cap 0)
          (let ((same (enforce (and (= known-cap cap) (and (= known-bounds bounds) (= known digest))) "opened with other content")))
            "already-open")
          (with-capability (OPEN epoch cap digest)
            (enforce (and (<= epoch (today)) (>= epoch (- (today) WINDOW))) "epoch is not a day of the window")
            (enforce (and (>= cap 0) (<= cap EPOCH_CAP)) "cap of the epoch")
            (enforce (and (= 0 (at 0 bounds)) (not (contains false (zip (<) bounds (drop 1 bounds))))) "bounds do not ascend from 0")
            (enforce (= (= cap 0) (= 1 (length bounds))) "a cap without batches, or batches without a cap")
            (enforce (<= (at (- (length bounds) 1) bounds) (/ (+ known-slots (- BUCKET 1)) BUCKET)) "bounds past the enrolled slots")
            (insert epochs day {"cap":cap,"minted":0,"done":0,"bounds":bounds,"digest":digest,"closed":(= cap 0)})
            "open")))))

  ;; Deltas are integer literals in the code: argument types then refuse fractions, which numbers in JSON data would bring. A
  ;; bucket in which nobody earned is the empty list. The digest is of the deltas; the chain compares it, and does not reckon it.
  (defun update-registers:string (epoch:integer batch:integer deltas:[[integer]] sum:integer digest:string)
    (let ((id (format "{}:{}" [epoch batch])) (day (int-to-str 10 epoch)) (known-slots (enrolled)))
      (with-default-read batches id {"sum":-1,"digest":""} {"sum":=known-sum,"digest":=known}
        (if (>= known-sum 0)
          (let ((same (enforce (and (= known-sum sum) (= known digest)) "other content of the batch is applied")))
            "already-applied")
          (with-capability (MINT epoch batch sum digest)
            (with-read epochs day {"cap":=cap,"minted":=minted,"done":=done,"bounds":=bounds,"closed":=closed}
              (enforce (not closed) "epoch is closed")
              (enforce (and (>= batch 0) (< batch (- (length bounds) 1))) "no such batch")
              (let ((from (at batch bounds)) (to (at (+ batch 1) bounds)) (last (= (+ done 2) (length bounds))))
                (enforce (= (length deltas) (- to from)) "batch does not fill its range")
                (enforce (<= (+ minted sum) cap) "cap of the epoch exceeded")
                ;; The last bucket may be enrolled in part.
                (enforce (= 0 (fold (+) 0 (drop (- known-slots (* BUCKET (- to 1))) (at (- (length deltas) 1) deltas)))) "points past the enrolled slots")
                (insert batches id {"sum":sum,"digest":digest})
                (update epochs day {"minted":(+ minted sum),"done":(+ done 1),"closed":last})
                (let ((added (fold (+) 0 (zip
                    (lambda (bucket:integer ds:[integer])
                      (if (= 0 (length ds))
                        0
                        (let ((row (int-to-str 10 bucket)))
                          (enforce (= BUCKET (length ds)) "size of a bucket")
                          (enforce (fold (lambda (ok:bool d:integer) (and ok (and (>= d 0) (<= d ACCOUNT_CAP)))) true ds) "points of an account")
                          (with-default-read buckets row {"points":ZEROS} {"points":=points}
                            (write buckets row {"points":(zip (+) points ds)}))
                          (fold (+) 0 ds))))
                    (enumerate from (- to 1)) deltas))))
                  (enforce (= added sum) "sum of the deltas"))
                (if last (emit-event (CLOSED epoch (+ minted sum))) true)
                "ok")))))))

  ;; Of an epoch that is given up: what is not minted of it by now never is. The last batch closes an epoch by itself.
  (defun close-epoch:string (epoch:integer sum:integer)
    (let ((day (int-to-str 10 epoch)))
      (with-read epochs day {"minted":=minted,"closed":=closed}
        (enforce (= minted sum) "another total is minted")
        (if closed
          "already-closed"
          (with-capability (CLOSE epoch sum)
            (update epochs day {"closed":true})
            (emit-event (CLOSED epoch sum))
            "closed")))))

  ;; The next slots of the chain, for accounts that have none: `insert` both ways. What is in a later bucket than the first can
  ;; never have been credited, for bounds end at the enrolled slots.
  (defun enrol:string (first:integer names:[string] digest:string)
    (let ((id (int-to-str 10 first)) (count (length names)) (known-slots (enrolled)))
      (with-default-read enrolments id {"count":0,"digest":""} {"count":=known-count,"digest":=known}
        (if (> known-count 0)
          (let ((same (enforce (and (= known-count count) (= known digest)) "other accounts are enrolled there")))
            "already-enrolled")
          (with-capability (ENROL first count digest)
            (enforce (> count 0) "no accounts")
            (enforce (= first known-slots) "not the next slot")
            (with-default-read buckets (int-to-str 10 (/ first BUCKET)) {"points":ZEROS} {"points":=points}
              (enforce (= 0 (fold (+) 0 (drop (mod first BUCKET) points))) "register of a slot is not 0"))
            (insert enrolments id {"count":count,"digest":digest})
            (write counter "slots" {"next":(+ first count)})
            (zip
              (lambda (slot:integer account:string)
                (insert slots (int-to-str 10 slot) {"account":account})
                (insert accounts account {"slot":slot}))
              (enumerate first (- (+ first count) 1)) names)
            "enrolled")))))

  ;; Reads. What is not there is answered as well: -1, an empty digest, zeros.
  (defun epoch-state:object{epoch-s} (epoch:integer)
    (with-default-read epochs (int-to-str 10 epoch)
      {"cap":-1,"minted":0,"done":0,"bounds":[],"digest":"","closed":false}
      {"cap":=cap,"minted":=minted,"done":=done,"bounds":=bounds,"digest":=digest,"closed":=closed}
      {"cap":cap,"minted":minted,"done":done,"bounds":bounds,"digest":digest,"closed":closed}))

  (defun batch-state:object{batch-s} (epoch:integer batch:integer)
    (with-default-read batches (format "{}:{}" [epoch batch]) {"sum":-1,"digest":""} {"sum":=sum,"digest":=digest}
      {"sum":sum,"digest":digest}))

  (defun registers:[[integer]] (from:integer count:integer)
    (enforce (> count 0) "no buckets")
    (map
      (lambda (bucket:integer)
        (with-default-read buckets (int-to-str 10 bucket) {"points":ZEROS} {"points":=points} points))
      (enumerate from (- (+ from count) 1))))

  (defun total:integer (slot:integer)
    (at (mod slot BUCKET) (at 0 (registers (/ slot BUCKET) 1))))

  (defun slot-of:integer (account:string)
    (with-default-read accounts account {"slot":-1} {"slot":=slot} slot))

  (defun accounts-of:[string] (first:integer count:integer)
    (enforce (> count 0) "no slots")
    (map
      (lambda (slot:integer)
        (with-default-read slots (int-to-str 10 slot) {"account":""} {"account":=account} account))
      (enumerate first (- (+ first count) 1)))))

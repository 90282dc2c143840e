local settled = finish_all()
return done({settled, claim_all()})
